// The arithmetic of a small network for one example: convolution with several kernels, ReLU, max-pooling, fully connected, softmax
// with cross-entropy. It adds up over kernels what `arithmetic.js` computes for one; to be read beside `cnnlab.network`.
//
// net is {w, b: one array a kernel, v: for each class one array a kernel, c: one number a class}; `trace` has the options of the
// convolution, the size and stride of the pool, and the right class.

/**
 * The parameters of a state as arrays by name: w3 and b3 of kernel 3, v0.3 of class 0 and kernel 3. The many numbers of v travel as
 * one text.
 */
function parametersOf({ w, b, v }) {
  const [classes, kernels, ...shape] = v.shape;
  const size = shape.reduce((a, b) => a * b, 1);
  const values = v.text.split(" ").map(Number);
  const found = {};
  for (let k = 0; k < kernels; k++) {
    found[`w${k}`] = w[k];
    found[`b${k}`] = { shape: [1], values: [b[k]] };
    for (let n = 0; n < classes; n++) {
      const from = (n * kernels + k) * size;
      found[`v${n}.${k}`] = { shape, values: values.slice(from, from + size) };
    }
  }
  return found;
}

/** The network that has these arrays, which may change, and the biases c of the classes. */
function networkOf(arrays, { w, c }) {
  const each = (name) => w.map((_, k) => arrays[name + k]);
  return { w: each("w"), b: each("b"), v: c.map((_, n) => each(`v${n}.`)), c };
}

/** All that the network computes forward, {z, a, p: one array a kernel, s, q: one number a class, loss}. */
function networkForward(x, { w, b, v, c }, { options, pool, label }) {
  const z = w.map((kernel, k) => {
    const y = convY(x, kernel, options);
    return { ...y, values: y.values.map((value) => value + b[k].values[0]) };
  });
  const a = z.map(({ shape, values }) => ({ shape, values: values.map((value) => Math.max(value, 0)) }));
  const p = a.map((map) => poolY(map, pool.size, pool.stride));
  const s = c.map((bias, n) => p.reduce((all, map, k) => map.values.reduce((sum, value, at) => sum + v[n][k].values[at] * value, all), bias));
  const top = Math.max(...s);
  const sizes = s.map((score) => Math.exp(score - top));
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  return { z, a, p, s, q: sizes.map((size) => size / whole), loss: Math.log(whole) + top - s[label] };
}

/** All gradients, from the scores back to the input, {ds, dp, da, dz, dw, db, dx}. */
function networkBackward(x, { w, v }, { z, a, p, q }, { options, pool, label }) {
  const ds = q.map((probability, n) => probability - (n === label ? 1 : 0));
  const dp = p.map(({ shape, values }, k) => ({
    shape,
    values: values.map((_, at) => ds.reduce((sum, delta, n) => sum + v[n][k].values[at] * delta, 0)),
  }));
  const da = a.map((map, k) => poolDx(dp[k], map, pool.size, pool.stride, "first"));
  const dz = z.map(({ shape, values }, k) => ({ shape, values: values.map((value, at) => (value > 0 ? da[k].values[at] : 0)) }));
  const dx = zeros(x.shape);
  w.forEach((kernel, k) => convDx(dz[k], x, kernel, options).values.forEach((value, at) => (dx.values[at] += value)));
  return { ds, dp, da, dz, dw: dz.map((delta, k) => convDw(delta, x, w[k], options)), db: dz.map(({ values }) => values.reduce((sum, value) => sum + value, 0)), dx };
}

/** What belongs to one kernel and one class, {name: {shape, values}}: what the map of the network shows. */
function networkShown(x, net, trace, kernel, klass) {
  const forward = networkForward(x, net, trace);
  const run = { ...forward, ...networkBackward(x, net, forward, trace) };
  const line = (values) => ({ shape: [values.length], values });
  const p = run.p[kernel];
  const mine = Object.fromEntries(["z", "a", "p", "dz", "da", "dp", "dw"].map((name) => [name, run[name][kernel]]));
  const shown = {
    ...mine,
    x,
    dx: run.dx,
    w: net.w[kernel],
    b: net.b[kernel],
    db: line([run.db[kernel]]),
    v: net.v[klass][kernel],
    dv: { shape: p.shape, values: p.values.map((value) => value * run.ds[klass]) },
    s: line(run.s),
    q: line(run.q),
    ds: line(run.ds),
    loss: line([run.loss]),
  };
  // As in Python, without the last bits: they depend on the order of summation, and may tip a digit that is shown.
  for (const [name, { shape, values }] of Object.entries(shown)) shown[name] = { shape, values: values.map((value) => Number(value.toPrecision(12))) };
  return shown;
}

/**
 * What is behind one number of the map: {terms: [{factors: [[name, place], ...], product}], rest, of}. The number is the sum of the
 * terms and of `rest`, which other kernels or the biases bring; `of` says which line of code makes it.
 */
function behind(shown, net, trace, kernel, klass, name, place) {
  const { options, pool, label } = trace;
  const value = (of, at) => shown[of].values[at];
  const made = (factors, product = factors.reduce((all, [of, at]) => all * value(of, at), 1)) => ({ factors, product });
  const conv = (sum, dy) =>
    convTerms(sum, place, { x: shown.x, w: shown.w, dy }, options).map(({ factors, product }) => ({
      factors: factors.map(([of, at]) => [of === "dy" ? "dz" : of, at]),
      product,
    }));
  const rest = (terms) => ({ terms, rest: value(name, place) - terms.reduce((sum, { product }) => sum + product, 0) });
  const routes = () => poolRoutes(shown.dp, shown.a, pool.size, pool.stride, "first").map(([route], window) => ({ ...route, window }));
  const weight = (n, at) => net.v[n][kernel].values[at];
  switch (name) {
    case "z": return { terms: conv("y", shown.dz), rest: value("b", 0) };
    case "a": return { terms: [made([["z", place]], Math.max(0, value("z", place)))], rest: 0 };
    case "p": {
      const window = poolWindows(shown.a.shape, pool.size, pool.stride)[place];
      return { terms: [made([["a", poolWinners(shown.a, window)[0]]])], window, rest: 0 };
    }
    case "q": return { terms: [made([["s", place]], value("q", place))], rest: 0 };
    case "ds": return { terms: [made([["q", place]])], rest: place === label ? -1 : 0 };
    case "dv": return { terms: [made([["ds", klass], ["p", place]])], rest: 0 };
    case "dp": return { terms: shown.ds.values.map((delta, n) => ({ factors: [["v", place], ["ds", n]], product: weight(n, place) * delta, weight: weight(n, place) })), rest: 0 };
    case "da": return { terms: routes().filter((route) => route.place === place).map(({ window }) => made([["dp", window]])), rest: 0 };
    case "dz": return { terms: [made([["da", place], ["z", place]], value("z", place) > 0 ? value("da", place) : 0)], rest: 0 };
    case "dw": return { terms: conv("dw", shown.dz), rest: 0 };
    case "db": return { terms: shown.dz.values.map((_, at) => made([["dz", at]])), rest: 0 };
    case "dx": return rest(conv("dx", shown.dz));
  }
  return { terms: [], rest: 0 };
}

/** One delta on its way back: a place in each of ds, dp, da, dz and dw, each the one that the place before leads to. */
function followed(shown, { label, pool, options }) {
  const size = ({ values }, at) => Math.abs(values[at]);
  const largest = (array, among = [...array.values.keys()]) => among.reduce((best, at) => (size(array, at) > size(array, best) ? at : best), among[0]);
  const windows = poolWindows(shown.a.shape, pool.size, pool.stride);
  const winner = (window) => poolWinners(shown.a, windows[window])[0];
  const open = windows.map((_, window) => window).filter((window) => shown.z.values[winner(window)] > 0);
  const window = largest(shown.dp, open.length ? open : undefined);
  const at = winner(window);
  const weights = connections(shown.x.shape, shown.w.shape, options).filter(({ output, input }) => output === at && shown.x.values[input] !== 0);
  return { ds: label, dp: window, da: at, dz: at, dw: largest(shown.dw, weights.length ? weights.map(({ weight }) => weight) : undefined) };
}

// The arithmetic of a small network for one example: convolution with several kernels, ReLU, max-pooling, fully connected, softmax
// with cross-entropy. It adds up over kernels what `arithmetic.js` computes for one; to be read beside `cnnlab.network`.
//
// net is {w: one array a kernel, b: one number a kernel, v: {shape: [classes, places], values}, c: one number a class}; `trace` has
// the options of the convolution, the size and stride of the pool, and the right class.

/** The network of a state: the many numbers of v travel as one text. */
function networkOf({ v, ...net }) {
  return { ...net, v: { shape: v.shape, values: v.text.split(" ").map(Number) } };
}

/** The place in a row of v of place `at` in the pooled map of kernel k. */
function inputOf(k, at, p) {
  return k * p.values.length + at;
}

/** All that the network computes forward, {z, a, p: one array a kernel, s, q: one number a class, loss}. */
function networkForward(x, { w, b, v, c }, { options, pool, label }) {
  const z = w.map((kernel, k) => {
    const y = convY(x, kernel, options);
    return { ...y, values: y.values.map((value) => value + b[k]) };
  });
  const a = z.map(({ shape, values }) => ({ shape, values: values.map((value) => Math.max(value, 0)) }));
  const p = a.map((map) => poolY(map, pool.size, pool.stride));
  const flat = p.flatMap(({ values }) => values);
  const s = c.map((bias, n) => flat.reduce((sum, value, at) => sum + v.values[n * flat.length + at] * value, bias));
  const top = Math.max(...s);
  const sizes = s.map((score) => Math.exp(score - top));
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  return { z, a, p, s, q: sizes.map((size) => size / whole), loss: Math.log(whole) + top - s[label] };
}

/** All gradients, from the scores back to the input, {ds, dp, da, dz, dw, db, dx}. */
function networkBackward(x, { w, v }, { z, a, p, q }, { options, pool, label }) {
  const ds = q.map((probability, n) => probability - (n === label ? 1 : 0));
  const columns = v.shape[1];
  const dp = p.map((map, k) => ({
    shape: map.shape,
    values: map.values.map((_, at) => ds.reduce((sum, delta, n) => sum + v.values[n * columns + inputOf(k, at, map)] * delta, 0)),
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
  const from = klass * net.v.shape[1] + inputOf(kernel, 0, p);
  const v = { shape: p.shape, values: net.v.values.slice(from, from + p.values.length) };
  const mine = Object.fromEntries(["z", "a", "p", "dz", "da", "dp", "dw"].map((name) => [name, run[name][kernel]]));
  const shown = {
    ...mine,
    x,
    dx: run.dx,
    w: net.w[kernel],
    b: line([net.b[kernel]]),
    db: line([run.db[kernel]]),
    v,
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
  const columns = net.v.shape[1];
  const weight = (n, at) => net.v.values[n * columns + inputOf(kernel, at, shown.p)];
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

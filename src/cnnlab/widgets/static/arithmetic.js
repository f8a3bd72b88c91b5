// The arithmetic of the widgets, for one channel of one example, to be read beside `cnnlab.geometry`, `cnnlab.trace` and
// `cnnlab.formatting`. No other script computes; `tests/test_arithmetic.py` compares this one with the backend.
//
// An array is {shape, values}: its size along each axis, and its entries row by row. A place is a position in `values`.

/** One number for each axis, from one for all or from a list. */
function pair(value, rank) {
  return Array.isArray(value) ? value : Array(rank).fill(value);
}

function zeros(shape) {
  return { shape, values: Array(shape.reduce((a, b) => a * b, 1)).fill(0) };
}

/** A place as an index: 7 in the shape [3, 5] is [1, 2]. */
function unflatten(place, shape) {
  return shape.length === 1 ? [place] : [Math.floor(place / shape[1]), place % shape[1]];
}

function flatten(index, shape) {
  return shape.length === 1 ? index[0] : index[0] * shape[1] + index[1];
}

/** How many outputs there are along each axis: floor((L + 2 padding - dilation (M - 1) - 1) / stride) + 1. */
function positions(spatial, kernel, { stride = 1, padding = 0, dilation = 1 } = {}) {
  const [s, p, d] = [stride, padding, dilation].map((option) => pair(option, kernel.length));
  return kernel.map((m, axis) => Math.floor((spatial[axis] + 2 * p[axis] - d[axis] * (m - 1) - 1) / s[axis]) + 1);
}

const joined = new Map();

/** The connections of these shapes and options, found once: every sum and every picture of a frame asks for them. */
function connections(spatial, kernel, options = {}) {
  const key = JSON.stringify([spatial, kernel, options]);
  if (!joined.has(key)) joined.set(key, findConnections(spatial, kernel, options));
  return joined.get(key);
}

/**
 * Every connection as {output, weight, input}, three places, output by output. Along each axis output i and weight m
 * meet input i stride + m dilation - padding; where x has no such index there is padding, and no connection.
 */
function findConnections(spatial, kernel, { stride = 1, padding = 0, dilation = 1 }) {
  const [s, p, d] = [stride, padding, dilation].map((option) => pair(option, kernel.length));
  const outputs = positions(spatial, kernel, { stride, padding, dilation });
  const found = [];
  for (const output of zeros(outputs).values.keys()) {
    const i = unflatten(output, outputs);
    for (const weight of zeros(kernel).values.keys()) {
      const m = unflatten(weight, kernel);
      const met = i.map((at, axis) => at * s[axis] + m[axis] * d[axis] - p[axis]);
      if (met.every((at, axis) => at >= 0 && at < spatial[axis])) {
        found.push({ output, weight, input: flatten(met, spatial) });
      }
    }
  }
  return found;
}

/** y[i] = sum over m of w[m] x[i stride + m dilation - padding]. */
function convY(x, w, options) {
  const y = zeros(positions(x.shape, w.shape, options));
  for (const { output, weight, input } of connections(x.shape, w.shape, options)) {
    y.values[output] += w.values[weight] * x.values[input];
  }
  return y;
}

/** dw[m] = sum over i of x[i stride + m dilation - padding] dy[i]. */
function convDw(dy, x, w, options) {
  const dw = zeros(w.shape);
  for (const { output, weight, input } of connections(x.shape, w.shape, options)) {
    dw.values[weight] += x.values[input] * dy.values[output];
  }
  return dw;
}

/** dx[j] = sum over the outputs i that see j of w[m] dy[i]. */
function convDx(dy, x, w, options) {
  const dx = zeros(x.shape);
  for (const { output, weight, input } of connections(x.shape, w.shape, options)) {
    dx.values[input] += w.values[weight] * dy.values[output];
  }
  return dx;
}

/** What one entry of y, dw or dx is a sum over: its place in a connection, and the two factors with theirs. */
const SUMS = {
  y: { at: "output", factors: { w: "weight", x: "input" } },
  dw: { at: "weight", factors: { x: "input", dy: "output" } },
  dx: { at: "input", factors: { w: "weight", dy: "output" } },
};

/** The terms of one entry of y, dw or dx, as {factors: [[name, place], [name, place]], product}. `arrays` holds x, w, dy. */
function convTerms(name, place, arrays, options) {
  const { at, factors } = SUMS[name];
  return connections(arrays.x.shape, arrays.w.shape, options)
    .filter((connection) => connection[at] === place)
    .map((connection) => term(arrays, Object.entries(factors).map(([factor, part]) => [factor, connection[part]])));
}

/** One product of numbers in `arrays`, given by name and place. */
function term(arrays, factors) {
  return { factors, product: factors.reduce((product, [name, place]) => product * arrays[name].values[place], 1) };
}

/** The sum after each of these products. */
function running(products) {
  let total = 0;
  return products.map((product) => (total += product));
}

/**
 * The mistaken gradient (sum of x) × (sum of dy), multiplied out: every first factor times every second one of the right
 * `terms`. The first n² of its terms are the product of the sums of the first n, and {row, column} says which two met.
 */
function productOfSums(terms, arrays) {
  const meet = (row, column) => ({ row, column, ...term(arrays, [terms[row].factors[0], terms[column].factors[1]]) });
  return terms.flatMap((_, n) => [
    ...Array.from({ length: n }, (_, row) => meet(row, n)),
    ...Array.from({ length: n }, (_, column) => meet(n, column)),
    meet(n, n),
  ]);
}

/** Two convolutions, y = conv(h, w2) with h = conv(x, w1), and back from dy = slope (y - t), or from a given dy. */
function twoLayers({ x, w1, w2, t, dy }, slope) {
  const h = convY(x, w1);
  const y = convY(h, w2);
  const delta = slope ? { shape: y.shape, values: y.values.map((value, place) => slope * (value - t.values[place])) } : dy;
  const dh = convDx(delta, h, w2);
  return { h, y, dy: delta, dh, dw1: convDw(dh, x, w1) };
}

/** The places of x in each window, row by row. */
function poolWindows(spatial, size, stride = size) {
  const windows = zeros(positions(spatial, size, { stride })).values.map(() => []);
  for (const { output, input } of connections(spatial, size, { stride })) windows[output].push(input);
  return windows;
}

/** The places in a window that hold its maximum, the first one first: more than one where there is a tie. */
function poolWinners(x, window) {
  const top = Math.max(...window.map((place) => x.values[place]));
  return window.filter((place) => x.values[place] === top);
}

/**
 * What each window gives to which input, as [{place, product}]. `ties` is "first": the first maximum takes all of dy;
 * "split": tied maxima share it equally; "all": each takes all of it, which is no subgradient.
 */
function poolRoutes(dy, x, size, stride, ties) {
  return poolWindows(x.shape, size, stride).map((window, output) => {
    const winners = poolWinners(x, window);
    const takers = ties === "first" ? winners.slice(0, 1) : winners;
    const share = ties === "split" ? 1 / winners.length : 1;
    return takers.map((place) => ({ place, product: dy.values[output] * share }));
  });
}

/** The largest entry of every window. */
function poolY(x, size, stride) {
  const y = zeros(positions(x.shape, size, { stride: stride ?? size }));
  y.values = poolWindows(x.shape, size, stride).map((window) => x.values[poolWinners(x, window)[0]]);
  return y;
}

/** What all windows together give to each input. */
function poolDx(dy, x, size, stride, ties) {
  const dx = zeros(x.shape);
  for (const { place, product } of poolRoutes(dy, x, size, stride, ties).flat()) dx.values[place] += product;
  return dx;
}

/**
 * A number as the book writes it: at most `digits` significant digits, without trailing zeros, as Python's format "g".
 * Exactly between two neighbours it goes to the even one, where toExponential would go up: 1024.125 reads 1024.12.
 */
function number(value, digits = 6) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  if (value === 0) return "0";
  const size = Math.abs(value);
  let [mantissa, exponent] = size.toExponential(digits - 1).split("e");
  // Only what has one digit more, and no other, can stand between two; it is rare, and to be sure of it takes long.
  if (Number(size.toExponential(digits)) === size) {
    const [exact, place] = size.toExponential(100).split("e");
    const all = exact.replace(".", "");
    if (/^50*$/.test(all.slice(digits)) && Number(all[digits - 1]) % 2 === 0) [mantissa, exponent] = [all.slice(0, digits), place];
  }
  const kept = mantissa.replace(".", "").replace(/0+$/, "");
  const power = Number(exponent);
  const sign = value < 0 ? "-" : "";
  const point = (text, at) => (text.length > at ? `${text.slice(0, at)}.${text.slice(at)}` : text.padEnd(at, "0"));
  if (power < -4 || power >= digits) {
    return `${sign}${point(kept, 1)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return sign + (power < 0 ? `0.${"0".repeat(-power - 1)}${kept}` : point(kept, power + 1));
}

/** `number`, in brackets when it is negative, so that it can stand after a times or plus sign. */
function signed(value, digits = 6) {
  const text = number(value, digits);
  return text.startsWith("-") ? `(${text})` : text;
}

/** The array that has a place for each sum, and the sum for each place. */
const GIVEN = { y: "dy", dw: "w", dx: "x" };
const SUM_AT = { dy: "y", w: "dw", x: "dx" };

/** y, dw and dx as a widget writes them. */
function sumsWritten({ x, w, dy }, { options, digits }) {
  const written = ({ values }) => values.map((value) => number(value, digits));
  return { y: written(convY(x, w, options)), dw: written(convDw(dy, x, w, options)), dx: written(convDx(dy, x, w, options)) };
}

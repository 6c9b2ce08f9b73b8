// A chart: lines and marks on a canvas, with axes, a cursor that all charts share, a
// legend that tells the values at the cursor, and a summary for those who cannot see it.

// make builds an element.
function make(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) {
    if (k === 'class') e.className = v;
    else if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
    else if (v === true) e.setAttribute(k, '');
    else if (v !== false && v !== undefined) e.setAttribute(k, v);
  }
  e.append(...children);
  return e;
}

const theme = { read() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ['text', 'muted', 'edge', 'grid', 'card', 'bad']) theme[name] = style.getPropertyValue('--' + name).trim();
  theme.lines = Array.from({ length: 8 }, (_, i) => style.getPropertyValue('--c' + i).trim());
} };
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
const colourOf = (i) => theme.lines[i % theme.lines.length];
const dashOf = (i) => DASHES[i % DASHES.length];

// SHAPES are the marks of the runs, as colours alone must not tell them apart.
const polygon = (...corners) => (g, x, y, r) => { for (const [dx, dy] of corners) g.lineTo(x + dx * r, y + dy * r); g.closePath(); };
const SHAPES = [
  (g, x, y, r) => g.arc(x, y, r, 0, 2 * Math.PI), polygon([-1, -1], [1, -1], [1, 1], [-1, 1]),
  polygon([0, -1.3], [1.2, 0.9], [-1.2, 0.9]), polygon([0, -1.4], [1.4, 0], [0, 1.4], [-1.4, 0]),
];

// drawSwatch shows a line's colour and dashes.
function drawSwatch(canvas, colour, dash, mark) {
  const scale = devicePixelRatio || 1;
  canvas.width = 26 * scale; canvas.height = 12 * scale;
  const g = canvas.getContext('2d');
  g.scale(scale, scale);
  g.strokeStyle = colour; g.lineWidth = mark ? 1 : 3; g.setLineDash(dash);
  g.beginPath(); g.moveTo(1, 6); g.lineTo(25, 6); g.stroke();
  if (!mark) return;
  g.setLineDash([]); g.lineWidth = 1.8; g.fillStyle = theme.card;
  g.beginPath(); mark(g, 13, 6, 3.5); g.fill(); g.stroke();
}

// roundSteps returns about n round numbers from low to high.
function roundSteps(low, high, n) {
  if (!(high > low)) return [low];
  const raw = (high - low) / n, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const out = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) out.push(Number((k * step).toPrecision(12)));
  return out;
}

// powers returns powers of ten from low to high, with 2 and 5 times them if few.
function powers(low, high) {
  const out = [], few = Math.log10(high / low) < 2.2;
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
    for (const m of few ? [1, 2, 5] : [1]) {
      const v = Number((m * 10 ** e).toPrecision(3));
      if (v >= low * 0.999 && v <= high * 1.001) out.push(v);
    }
  }
  return out.length > 1 ? out : roundSteps(low, high, 4);
}

// nearest returns the index of the element of a sorted list next to x.
function nearest(list, x) {
  let low = 0, high = list.length - 1;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (list[mid] < x) low = mid + 1; else high = mid;
  }
  return low > 0 && x - list[low - 1] < list[low] - x ? low - 1 : low;
}

const tick = (v) => v === 0 ? '0' : Math.abs(v) >= 1e4 ? counted(v).replace(/(\.\d*?)0+(?=[kMBT])/, '$1').replace(/\.(?=[kMBT])/, '')
  : Math.abs(v) < 1e-3 ? v.toExponential(1).replace('.0e', 'e') : String(Number(v.toPrecision(4)));

// A line has: name, colour, dash, shape, x, y (as logged), smooth (may be missing), marks
// (points rather than a line), key (to hide it by).
class Chart {
  constructor(spec, board) {
    this.spec = spec; this.board = board; this.lines = []; this.hidden = new Set();
    this.title = make('h2'); this.unit = make('span', { class: 'unit' }); this.at = make('span', { class: 'at' });
    this.scale = make('button', { type: 'button', class: 'quiet scale', onclick: () => board.toggleLog(spec.id) });
    this.canvas = make('canvas', { role: 'img', tabindex: '0' });
    this.legend = make('ul', { class: 'legend' });
    this.root = make('figure', { class: 'chart' + (spec.wide ? ' wide' : ''), id: 'chart-' + spec.id },
      make('header', {}, this.title, this.unit, this.at, ...(spec.log ? [this.scale] : [])), this.canvas, this.legend);
    const c = this.canvas;
    c.addEventListener('pointermove', (e) => this.point(e));
    c.addEventListener('pointerdown', (e) => this.point(e));
    c.addEventListener('pointerleave', (e) => { if (e.pointerType === 'mouse') board.setCursor(null); });
    c.addEventListener('blur', () => board.setCursor(null));
    c.addEventListener('keydown', (e) => this.key(e));
  }

  // show takes the lines to draw; see above.
  show(lines) {
    this.all = lines;
    this.lines = lines.filter((l) => !this.hidden.has(l.key));
    this.root.hidden = lines.length === 0 && !this.spec.wide;
    this.title.textContent = say(this.spec.title);
    this.unit.textContent = this.spec.unit ? say(this.spec.unit) : '';
    this.scale.textContent = say('log');
    this.scale.title = say('scaleHelp');
    this.scale.setAttribute('aria-pressed', String(this.board.isLog(this.spec.id)));
    this.stack();
    this.buildLegend();
    this.describe();
    this.draw();
  }

  // stack piles the lines up where the spec asks for it and they have the same x.
  stack() {
    this.stacked = this.spec.stacked && this.lines.length > 1 && this.lines.every((l) => l.run === this.lines[0].run && l.x.length === this.lines[0].x.length && l.x.every((x, i) => x === this.lines[0].x[i]));
    if (!this.stacked) return;
    const base = new Float64Array(this.lines[0].x.length);
    for (const l of this.lines) {
      l.base = Float64Array.from(base);
      const y = l.smooth || l.y;
      for (let i = 0; i < base.length; i++) if (Number.isFinite(y[i])) base[i] += y[i];
      l.top = Float64Array.from(base);
    }
  }

  format(v) { return this.spec.percent ? percent(v) : this.spec.count ? counted(v) : digits(v); }

  // buildLegend keeps the buttons that are there as long as the lines are the same, so
  // that none loses the focus when a point comes.
  buildLegend() {
    const kind = JSON.stringify(this.all.map((l) => [l.key, l.name, l.colour, l.dash, this.hidden.has(l.key)]));
    if (kind === this.legendKind) {
      this.readouts.forEach((r, i) => { r[0] = this.all[i]; });
      this.read();
      return;
    }
    this.legendKind = kind;
    this.readouts = [];
    const items = [];
    for (const l of this.all) {
      const swatch = make('canvas', { class: 'swatch', 'aria-hidden': 'true' });
      drawSwatch(swatch, l.colour, l.dash, l.marks && SHAPES[l.shape % SHAPES.length]);
      const value = make('b');
      this.readouts.push([l, value]);
      items.push(make('li', {}, make('button', {
        type: 'button', 'aria-pressed': String(!this.hidden.has(l.key)),
        onclick: () => { this.hidden.has(l.key) ? this.hidden.delete(l.key) : this.hidden.add(l.key); this.show(this.all); },
      }, swatch, make('span', {}, l.name), value)));
    }
    this.legend.replaceChildren(...items);
    this.read();
  }

  // read writes the values at the cursor, or the last ones, into the legend.
  read() {
    const x = this.board.cursor;
    this.at.textContent = x === null ? '' : this.board.xLabel(x);
    for (const [l, out] of this.readouts) out.textContent = this.format(valueAt(l, x));
  }

  describe() {
    const parts = this.lines.map((l) => {
      const finite = l.y.filter(Number.isFinite), odd = l.y.length - finite.length;
      if (l.y.length === 0) return '';
      const shown = finite.length ? [Math.min(...finite), Math.max(...finite)].map((v) => this.format(v)) : ['–', '–'];
      return say('summaryLine', l.name, this.format(valueAt(l, null)), ...shown) + (odd ? say('oddPoints', odd) : '');
    });
    this.canvas.setAttribute('aria-label', this.lines.length ? say('summary', say(this.spec.title), parts) : `${say(this.spec.title)}: ${say('noPoints')}`);
    this.root.dataset.points = String(this.lines.reduce((n, l) => n + l.y.length, 0));
  }

  // range finds what the axes must hold.
  range(log) {
    let [left, right] = this.board.xRange(), low = Infinity, high = -Infinity;
    const take = (v) => { if (Number.isFinite(v) && (!log || v > 0)) { low = Math.min(low, v); high = Math.max(high, v); } };
    for (const l of this.lines) {
      if (this.stacked) { l.top.forEach(take); take(0); continue; }
      if (!(l.smooth && this.spec.calm)) l.y.forEach(take);
      if (l.smooth) l.smooth.forEach(take);
    }
    if (this.spec.fromZero && !log) { low = Math.min(low, 0); high = Math.max(high, 0); }
    if (!(low <= high)) return null;
    if (low === high) { const by = low === 0 ? 1 : Math.abs(low) * 0.1; high += by; if (!(this.spec.fromZero && low === 0)) low -= by; if (log && low <= 0) low = high / 10; }
    const gap = log ? 0 : (high - low) * 0.05;
    if (!this.stacked) high += gap;
    if (!(this.spec.fromZero && low >= 0)) low -= gap;
    if (this.stacked) high = Math.min(Math.max(high, 1e-9), 1.0001);
    if (!(right > left)) right = left + 1;
    return { left, right, low, high };
  }

  draw() {
    const c = this.canvas, width = c.clientWidth, height = c.clientHeight;
    if (!width || !height) return;
    const scale = devicePixelRatio || 1;
    if (c.width !== Math.round(width * scale) || c.height !== Math.round(height * scale)) { c.width = Math.round(width * scale); c.height = Math.round(height * scale); }
    const g = c.getContext('2d');
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, width, height);
    g.font = '12px ' + getComputedStyle(document.body).fontFamily;
    const log = this.spec.log && this.board.isLog(this.spec.id), r = this.range(log);
    this.place = null;
    if (!r) {
      g.fillStyle = theme.muted; g.textAlign = 'center'; g.fillText(say(this.board.runs.length ? 'noPoints' : 'loading'), width / 2, height / 2);
      return;
    }
    this.axes(g, r, log, width, height);
    const p = this.place;
    g.save();
    g.beginPath(); g.rect(p.left, p.top - 2, p.right - p.left + 6, p.bottom - p.top + 4); g.clip();
    if (this.stacked) this.lines.forEach((l) => this.area(g, l));
    else {
      for (const l of this.lines) if (l.smooth && !l.marks && !this.spec.calm) this.line(g, l.x, l.y, l.colour, [], 1, 0.28);
      for (const l of this.lines) l.marks ? this.marks(g, l) : this.line(g, l.x, l.smooth || l.y, l.colour, l.dash, 1.8, 1);
    }
    for (const l of this.lines) this.odd(g, l);
    g.restore();
    this.cursor(g);
  }

  axes(g, r, log, width, height) {
    const ys = log ? powers(r.low, r.high) : roundSteps(r.low, r.high, Math.max(3, Math.floor(height / 50)));
    const label = (v) => this.spec.percent ? Math.round(v * 100) + '%' : tick(v);
    const room = Math.max(...ys.map((v) => g.measureText(label(v)).width));
    const p = { left: Math.ceil(room) + 10, right: width - 10, top: 8, bottom: height - 24 };
    const f = log ? Math.log10 : (v) => v, lowF = f(r.low), highF = f(r.high);
    p.x = (v) => p.left + (v - r.left) / (r.right - r.left) * (p.right - p.left);
    p.y = (v) => log && v <= 0 ? p.bottom + 9 : p.bottom - (f(v) - lowF) / (highF - lowF) * (p.bottom - p.top);
    p.back = (px) => r.left + (px - p.left) / (p.right - p.left) * (r.right - r.left);
    this.place = p;
    g.lineWidth = 1; g.strokeStyle = theme.grid; g.fillStyle = theme.muted; g.setLineDash([]);
    g.textAlign = 'right'; g.textBaseline = 'middle';
    for (const v of ys) {
      const y = Math.round(p.y(v)) + 0.5;
      g.beginPath(); g.moveTo(p.left, y); g.lineTo(p.right, y); g.stroke();
      g.fillText(label(v), p.left - 6, y);
    }
    g.textBaseline = 'alphabetic'; g.textAlign = 'center';
    for (const [v, text] of this.board.xTicks(r.left, r.right, Math.max(2, Math.floor(width / 110)))) {
      const half = g.measureText(text).width / 2, x = p.x(v);
      if (x < p.left - 1 || x > p.right + 1) continue;
      g.beginPath(); g.moveTo(x, p.bottom); g.lineTo(x, p.bottom + 4); g.stroke();
      g.fillText(text, Math.min(Math.max(x, p.left + half - 6), width - half - 1), p.bottom + 17);
    }
    g.strokeStyle = theme.edge;
    g.beginPath(); g.moveTo(p.left, p.bottom + 0.5); g.lineTo(p.right, p.bottom + 0.5); g.stroke();
  }

  line(g, xs, ys, colour, dash, width, alpha) {
    const p = this.place;
    g.strokeStyle = colour; g.lineWidth = width; g.globalAlpha = alpha; g.setLineDash(dash); g.lineJoin = 'round';
    g.beginPath();
    let pen = false;
    for (let i = 0; i < xs.length; i++) {
      if (!Number.isFinite(ys[i])) { pen = false; continue; }
      if (pen) g.lineTo(p.x(xs[i]), p.y(ys[i])); else g.moveTo(p.x(xs[i]), p.y(ys[i]));
      pen = true;
    }
    g.stroke();
    g.globalAlpha = 1; g.setLineDash([]);
  }

  marks(g, l) {
    this.line(g, l.x, l.y, l.colour, l.dash.length ? l.dash : [3, 3], 1, 0.8);
    const p = this.place, size = l.x.length > 60 ? 2 : 3.5;
    g.fillStyle = theme.card; g.strokeStyle = l.colour; g.lineWidth = 1.8;
    l.x.forEach((x, i) => {
      if (!Number.isFinite(l.y[i])) return;
      g.beginPath(); SHAPES[l.shape % SHAPES.length](g, p.x(x), p.y(l.y[i]), size); g.fill(); g.stroke();
    });
  }

  area(g, l) {
    const p = this.place;
    g.fillStyle = l.colour; g.globalAlpha = 0.75;
    g.beginPath();
    l.x.forEach((x, i) => g.lineTo(p.x(x), p.y(l.top[i])));
    for (let i = l.x.length - 1; i >= 0; i--) g.lineTo(p.x(l.x[i]), p.y(l.base[i]));
    g.fill();
    g.globalAlpha = 1;
    if (l.x.length <= 400) this.line(g, l.x, l.top, theme.card, [], 1, 1);
  }

  // odd crosses values that are not finite, at the upper edge.
  odd(g, l) {
    const p = this.place;
    g.strokeStyle = theme.bad; g.lineWidth = 2;
    l.x.forEach((x, i) => {
      if (Number.isFinite(l.y[i])) return;
      const at = p.x(x), y = p.top + 5;
      g.beginPath(); g.moveTo(at - 4, y - 4); g.lineTo(at + 4, y + 4); g.moveTo(at + 4, y - 4); g.lineTo(at - 4, y + 4); g.stroke();
    });
  }

  cursor(g) {
    const x = this.board.cursor, p = this.place;
    if (x === null || p.x(x) < p.left - 1 || p.x(x) > p.right + 1) return;
    g.strokeStyle = theme.muted; g.lineWidth = 1; g.setLineDash([4, 3]);
    g.beginPath(); g.moveTo(p.x(x), p.top); g.lineTo(p.x(x), p.bottom); g.stroke();
    g.setLineDash([]);
    for (const l of this.lines) {
      if (!l.x.length || this.stacked) continue;
      const i = nearest(l.x, x), y = (l.smooth && !l.marks ? l.smooth : l.y)[i];
      if (!Number.isFinite(y)) continue;
      g.fillStyle = l.colour; g.strokeStyle = theme.card; g.lineWidth = 1.5;
      g.beginPath(); g.arc(p.x(l.x[i]), p.y(y), 4, 0, 2 * Math.PI); g.fill(); g.stroke();
    }
  }

  // stops are the places that the cursor stops at.
  stops() {
    let best = [];
    for (const l of this.lines) if (l.x.length > best.length) best = l.x;
    return best;
  }

  point(e) {
    const stops = this.stops();
    if (!this.place || !stops.length) return;
    this.board.setCursor(stops[nearest(stops, this.place.back(e.offsetX))]);
  }

  key(e) {
    const stops = this.stops(), by = e.shiftKey ? 10 : 1;
    if (!stops.length) return;
    let i = this.board.cursor === null ? stops.length - 1 : nearest(stops, this.board.cursor);
    switch (e.key) {
      case 'ArrowLeft': i -= this.board.cursor === null ? 0 : by; break;
      case 'ArrowRight': i += by; break;
      case 'Home': i = 0; break;
      case 'End': i = stops.length - 1; break;
      case 'Escape': this.board.setCursor(null); return;
      default: return;
    }
    e.preventDefault();
    this.board.setCursor(stops[Math.min(Math.max(i, 0), stops.length - 1)]);
    this.read();
    document.getElementById('spoken').textContent = [this.at.textContent, ...this.readouts.filter(([l]) => !this.hidden.has(l.key)).map(([l, out]) => `${l.name} ${out.textContent}`)].join(', ');
  }
}

// valueAt returns what a line is at x, or at its end: smoothed where that is shown.
function valueAt(l, x) {
  if (!l.x.length) return undefined;
  const i = x === null ? l.x.length - 1 : nearest(l.x, x), y = l.y[i];
  return l.smooth && !l.marks && Number.isFinite(y) ? l.smooth[i] : y;
}

// The page: state in its address, the stream of events, and redrawing.

const POINTS = 1000;

class Board {
  constructor() {
    this.runs = []; this.cards = []; this.cursor = null; this.offset = 0;
    this.readState();
    this.charts = CHARTS.map((spec) => new Chart(spec, this));
    document.getElementById('charts').append(...this.charts.map((c) => c.root));
    this.controls();
    new ResizeObserver(() => this.redraw()).observe(document.getElementById('charts'));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { theme.read(); this.redraw(); });
    // A browser opens six connections to a server: hidden tabs give theirs up.
    document.addEventListener('visibilitychange', () => document.hidden ? this.disconnect() : this.connect());
    setInterval(() => this.updateCards(), 5000);
    theme.read();
    this.speak();
    this.connect();
  }

  // The state of the page stands in its address, so that it can be kept and shared.
  readState() {
    const q = new URLSearchParams(location.hash.slice(1));
    const between = (key, low, high, otherwise) => { const v = Number(q.get(key)); return q.has(key) && v >= low && v <= high ? v : otherwise; };
    const first = (navigator.languages && navigator.languages[0]) || navigator.language || 'en';
    this.lang = TEXT[q.get('lang')] ? q.get('lang') : first.toLowerCase().startsWith('zh') ? 'zh' : 'en';
    this.smooth = between('smooth', 0, 100, 40);
    this.zoom = between('last', 2, 100, 100);
    this.axis = ['step', 'tokens', 'time'].includes(q.get('x')) ? q.get('x') : 'step';
    this.logs = new Set((q.get('log') || '').split(',').filter(Boolean));
  }

  writeState() {
    const q = new URLSearchParams({ lang: this.lang, smooth: this.smooth, last: this.zoom, x: this.axis, log: [...this.logs].join(',') });
    history.replaceState(null, '', '#' + q);
  }

  // keep is the weight that the smoothed line leaves to what was before.
  keep() { return this.smooth === 0 ? 0 : 1 - 10 ** (-this.smooth / 40); }

  controls() {
    const at = (id) => document.getElementById(id);
    const smooth = at('smooth'), zoom = at('zoom'), axis = at('axis');
    smooth.value = this.smooth; zoom.value = this.zoom; axis.value = this.axis;
    smooth.addEventListener('input', () => { this.smooth = Number(smooth.value); this.changed(); });
    zoom.addEventListener('input', () => { this.zoom = Number(zoom.value); this.changed(); });
    axis.addEventListener('change', () => { this.axis = axis.value; this.setCursor(null); this.writeState(); this.redraw(); });
    at('language').addEventListener('click', () => { this.lang = this.lang === 'zh' ? 'en' : 'zh'; this.writeState(); this.speak(); this.redraw(); });
    at('controls').addEventListener('submit', (e) => e.preventDefault());
  }

  changed() {
    this.writeState();
    this.showValues();
    clearTimeout(this.later);
    this.later = setTimeout(() => this.loadAll(), 120);
  }

  showValues() {
    document.getElementById('smooth-value').textContent = this.smooth === 0 ? say('none') : this.keep().toFixed(3);
    document.getElementById('zoom-value').textContent = this.zoom === 100 ? say('all') : this.zoom + '%';
  }

  speak() {
    words = TEXT[this.lang];
    document.documentElement.lang = words.lang;
    document.getElementById('language').textContent = words.other;
    document.getElementById('language').lang = this.lang === 'zh' ? 'en' : 'zh-Hans';
    for (const e of document.querySelectorAll('[data-text]')) e.textContent = say(e.dataset.text);
    this.showValues();
    this.linked(this.state || 'loading');
  }

  linked(state) {
    this.state = state;
    const e = document.getElementById('link');
    const text = say(state);
    if (e.textContent !== text) e.textContent = text;
    e.className = 'link ' + (state === 'live' ? 'on' : state === 'offline' ? 'off' : '');
  }

  connect() {
    if (this.stream) return;
    const stream = this.stream = new EventSource('api/events');
    stream.addEventListener('open', () => this.refresh());
    stream.addEventListener('error', () => {
      this.linked('offline');
      if (stream.readyState !== EventSource.CLOSED) return; // it tries again itself
      this.disconnect();
      setTimeout(() => { if (!document.hidden) this.connect(); }, 5000);
    });
    stream.addEventListener('points', (e) => this.points(JSON.parse(e.data)));
    stream.addEventListener('resync', (e) => this.load(this.find(JSON.parse(e.data).run)));
    stream.addEventListener('run', (e) => {
      const s = JSON.parse(e.data), run = this.find(s.run);
      if (run) { run.setSummary(s); this.redraw(); }
    });
  }

  disconnect() { if (this.stream) { this.stream.close(); this.stream = undefined; } }

  find(name) { return this.runs.find((r) => r.name === name); }

  // refresh reads everything, when the stream begins or begins again.
  async refresh() {
    try {
      const answer = await fetch('api/runs');
      if (!answer.ok) throw new Error('runs: ' + answer.status);
      const j = await answer.json();
      this.offset = j.now - Date.now() / 1000;
      const names = j.runs.map((s) => s.run);
      if (names.join('\n') !== this.runs.map((r) => r.name).join('\n')) {
        this.runs = j.runs.map((s, i) => new Run(s, i));
        this.cards = this.runs.map((r) => new Card(r, this));
        document.getElementById('runs').replaceChildren(...this.cards.map((c) => c.root));
      } else j.runs.forEach((s, i) => this.runs[i].setSummary(s));
      await this.loadAll();
      this.linked('live');
    } catch (e) { this.linked('offline'); }
  }

  query() {
    const furthest = Math.max(0, ...this.runs.map((r) => r.summary.step));
    const after = this.zoom === 100 ? -1 : Math.floor(furthest * (1 - this.zoom / 100));
    return { points: POINTS, smooth: this.keep(), after };
  }

  loadAll() { return Promise.all(this.runs.map((r) => this.load(r))); }

  async load(run) {
    if (!run) return;
    try {
      const whole = await run.load(this.query());
      if (whole === false) await run.load(this.query());
    } catch (e) { this.linked('offline'); }
    this.redraw();
  }

  points(e) {
    const run = this.find(e.run);
    if (!run) return;
    if (!run.take(e)) this.load(run); else this.redraw();
  }

  isLog(id) { return this.logs.has(id); }

  toggleLog(id) {
    if (!this.logs.delete(id)) this.logs.add(id);
    this.writeState();
    this.redraw();
  }

  setCursor(x) {
    if (x === this.cursor) return;
    this.cursor = x;
    if (this.moving) return;
    this.moving = requestAnimationFrame(() => {
      this.moving = 0;
      for (const c of this.charts) if (!c.root.hidden && c.readouts) { c.read(); c.draw(); }
    });
  }

  // xOf tells where a step of a run lies on the horizontal axis.
  xOf(run, step) {
    if (this.axis === 'tokens') return run.along('train/tokens', step);
    if (this.axis === 'time') {
      const start = run.summary.started || NaN, first = run.series.get('time');
      return run.along('time', step) - (Number.isFinite(start) ? start : first ? first.values[0] : NaN);
    }
    return step;
  }

  xRange() {
    let left = Infinity, right = -Infinity;
    for (const c of this.charts) for (const l of c.lines) for (const x of [l.x[0], l.x[l.x.length - 1]]) if (Number.isFinite(x)) { left = Math.min(left, x); right = Math.max(right, x); }
    if (this.zoom === 100 && this.axis !== 'time' && left > 0) left = 0;
    return [left, right];
  }

  xLabel(x) {
    if (this.axis === 'time') return say('atTime', lasting(x));
    return this.axis === 'tokens' ? say('atTokens', counted(x)) : say('atStep', grouped(x));
  }

  xTicks(left, right, n) {
    if (this.axis !== 'time') return roundSteps(left, right, n).filter((v) => this.axis !== 'step' || Number.isInteger(v)).map((v) => [v, tick(v)]);
    const unit = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 21600, 43200, 86400].find((u) => (right - left) / u <= n + 1) || 86400 * Math.ceil((right - left) / 86400 / n);
    const out = [];
    for (let k = Math.ceil(left / unit); k * unit <= right; k++) out.push([k * unit, k === 0 ? '0' : lasting(k * unit)]);
    return out;
  }

  // redraw draws everything anew with the next picture of the screen.
  redraw() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => { this.drawing = 0; this.drawNow(); });
  }

  drawNow() {
    const shown = this.runs.filter((r) => r.shown);
    const lines = CHARTS.map((spec) => linesOf(spec, shown, (run, step) => this.xOf(run, step)));
    // All charts get their lines first: they share the horizontal axis.
    this.charts.forEach((c, i) => { c.all = c.lines = lines[i]; });
    this.charts.forEach((c, i) => c.show(lines[i]));
    this.updateCards();
    const table = document.getElementById('details');
    const state = this.lang + JSON.stringify(this.runs.map((r) => [r.name, r.summary.panel]));
    if (table.dataset.state !== state) {
      table.dataset.state = state;
      table.replaceChildren(panelTable(this.runs));
      document.getElementById('details-note').hidden = this.runs.length < 2;
    }
    document.title = (this.runs.length === 1 ? this.runs[0].name + ' · ' : '') + 'Huihai ' + say('title');
    document.body.dataset.drawn = String(Number(document.body.dataset.drawn || 0) + 1);
  }

  updateCards() {
    const now = Date.now() / 1000 + this.offset;
    for (const c of this.cards) c.update(this.runs.length > 1, now);
  }
}

new Board();

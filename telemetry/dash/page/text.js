// The words of the page. Functions take what they speak of.

const TEXT = {
  en: {
    other: '中文', lang: 'en',
    title: 'training runs', live: 'live', offline: 'no connection, trying again', loading: 'loading',
    running: 'running', finished: 'finished', stopped: 'stopped', failed: 'failed',
    lost: 'ended without a word', elsewhere: 'on another machine', unknown: 'state unknown',
    lostHelp: 'The run says that it is running, but its process is gone: killed, out of memory, or the machine went down. Start the same command again to go on from its last checkpoint.',
    elsewhereHelp: (host) => `The run says that it is running on ${host}, which cannot be checked from here.`,
    silent: (time) => `Nothing was logged for ${time}.`,
    skipped: (n) => `${n} lines of the log could not be read.`,
    id: (id) => `run ${id}`, parent: (id, step) => `goes on from ${id}, step ${step}`, host: (h) => `on ${h}`,
    step: (a, b) => b ? `step ${a} of ${b}` : `step ${a}`,
    loss: 'Training loss', evalLoss: 'Held-out loss', tokens: 'Tokens', speed: 'Tokens/s', mfu: 'MFU', wait: 'Data wait',
    eta: 'Time left', took: 'Duration', z: 'Loss z-score',
    smoothing: 'Smoothing', none: 'none', showLast: 'Show the last', all: 'all', axis: 'Along', axisStep: 'steps', axisTokens: 'tokens', axisTime: 'time',
    atStep: (n) => `step ${n}`, atTokens: (n) => `${n} tokens`, atTime: (n) => n,
    log: 'log', chartLoss: 'Loss', chartNorm: 'Gradient norm', chartRate: 'Learning rate', chartSpeed: 'Speed',
    chartSource: 'Loss by source', chartShare: 'Gradient by layer group', chartBits: 'Bits per byte by source',
    unitNats: 'nats per token', unitNorm: 'before clipping', unitSpeed: 'tokens per second', unitShare: 'share of the squared norm', unitBits: 'held-out text',
    trained: 'training', heldOut: 'held out', whole: 'all sources',
    noPoints: 'nothing logged yet', scaleHelp: 'logarithmic scale',
    summary: (title, parts) => `${title}. ${parts.join(' ')} Arrow keys read single points.`,
    summaryLine: (name, last, low, high) => `${name}: now ${last}, from ${low} to ${high}.`,
    oddPoints: (n) => `${n} values are not finite.`,
    reduced: 'Long curves are drawn with fewer points than were logged: of every stretch the lowest and the highest. The smoothed line is computed from all points first.',
    details: 'What the runs are', detailsNote: 'Rows that differ between the runs are bold and marked ≠.', noDetails: 'The run has not described itself (no run.json).',
    units: ['d', 'h', 'min', 's'], unitGap: '\u00a0',
  },
  zh: {
    other: 'English', lang: 'zh-Hans',
    title: '训练任务', live: '实时更新', offline: '连接中断，正在重连', loading: '加载中',
    running: '训练中', finished: '已完成', stopped: '已停止', failed: '失败',
    lost: '意外中断', elsewhere: '在其他机器上', unknown: '状态未知',
    lostHelp: '记录显示任务仍在训练，但进程已不存在：可能被强制结束、内存不足或机器宕机。重新运行同一条命令，即可从最近的检查点继续。',
    elsewhereHelp: (host) => `记录显示任务正在 ${host} 上训练，本机无法确认。`,
    silent: (time) => `已有 ${time}没有新的日志。`,
    skipped: (n) => `日志中有 ${n} 行无法读取。`,
    id: (id) => `编号 ${id}`, parent: (id, step) => `接续 ${id} 的第 ${step} 步`, host: (h) => `主机 ${h}`,
    step: (a, b) => b ? `第 ${a} 步，共 ${b} 步` : `第 ${a} 步`,
    loss: '训练损失', evalLoss: '验证损失', tokens: 'token 数', speed: 'token/秒', mfu: '算力利用率', wait: '数据等待',
    eta: '剩余时间', took: '总用时', z: '损失 z 分数',
    smoothing: '平滑', none: '关', showLast: '只看最后', all: '全部', axis: '横轴', axisStep: '步数', axisTokens: 'token 数', axisTime: '时间',
    atStep: (n) => `第 ${n} 步`, atTokens: (n) => `${n} token`, atTime: (n) => n,
    log: '对数', chartLoss: '损失', chartNorm: '梯度范数', chartRate: '学习率', chartSpeed: '训练速度',
    chartSource: '各数据源的损失', chartShare: '各层组的梯度占比', chartBits: '各数据源的每字节比特数',
    unitNats: '每 token，单位 nat', unitNorm: '裁剪前', unitSpeed: '每秒 token 数', unitShare: '占范数平方的比例', unitBits: '验证集',
    trained: '训练', heldOut: '验证', whole: '全部数据源',
    noPoints: '还没有数据', scaleHelp: '对数坐标',
    summary: (title, parts) => `${title}。${parts.join('')}按左右方向键可逐点读数。`,
    summaryLine: (name, last, low, high) => `${name}：当前 ${last}，范围 ${low} 至 ${high}。`,
    oddPoints: (n) => `有 ${n} 个值不是有限数。`,
    reduced: '曲线较长时不会画出全部数据点：每一小段只保留最低点和最高点。平滑曲线先用全部数据点算出，再作取舍。',
    details: '任务信息', detailsNote: '各任务取值不同的行以粗体显示，并标有 ≠。', noDetails: '该任务没有自述文件（run.json）。',
    units: ['天', '小时', '分', '秒'], unitGap: '\u00a0',
  },
};

let words = TEXT.en;

// say returns a word, or what its function makes of the arguments.
const say = (key, ...args) => typeof words[key] === 'function' ? words[key](...args) : words[key];

// digits writes a value with about four digits.
function digits(v) {
  if (v === undefined || v === null) return '–';
  if (Number.isNaN(v)) return 'NaN';
  if (!Number.isFinite(v)) return v > 0 ? '+∞' : '−∞';
  const a = Math.abs(v);
  if (a !== 0 && (a < 1e-3 || a >= 1e7)) return v.toExponential(2).replace('e+', 'e');
  if (a >= 1000) return grouped(v);
  return v.toPrecision(4);
}

const grouped = (v) => Math.round(v).toLocaleString('en-US');

// counted writes a number of things: 999, 12.3k, 1.50M.
function counted(v) {
  if (!Number.isFinite(v)) return digits(v);
  for (const [size, name] of [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'k']]) {
    if (Math.abs(v) >= size * 0.9995) return (v / size).toPrecision(3) + name;
  }
  return String(Math.round(v));
}

const percent = (v) => Number.isFinite(v) ? (100 * v).toFixed(1) + '%' : digits(v);

// lasting writes a time in seconds to its two largest units.
function lasting(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  const s = Math.round(seconds), parts = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60, s % 60];
  let from = parts.findIndex((p) => p > 0);
  if (from < 0) from = 3;
  const out = [];
  for (let i = from; i < Math.min(from + 2, 4); i++) if (parts[i] > 0 || i === from) out.push(parts[i] + words.unitGap + words.units[i]);
  return out.join('\u00a0');
}

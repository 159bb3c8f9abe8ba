import EventEmitter, { EventEmitter as Named, once, on, listenerCount } from 'events';
import * as prefixed from 'node:events';

const collect = () => {
  const seen = [];
  return { seen, emitter: new EventEmitter() };
};

export default {
  'the default export is the class': () => [EventEmitter === Named, prefixed.default === EventEmitter, EventEmitter.EventEmitter === EventEmitter],
  'on, once and off': () => {
    const { seen, emitter } = collect();
    const listener = (...values) => seen.push(values);
    emitter.on('a', listener).once('a', (value) => seen.push(['once', value]));
    const results = [emitter.emit('a', 1, 2), emitter.emit('a', 3), emitter.off('a', listener).emit('a', 4)];
    return { seen, results, names: emitter.eventNames() };
  },
  'prepended listeners come first': () => {
    const { seen, emitter } = collect();
    emitter.on('a', () => seen.push(1)).prependListener('a', () => seen.push(0)).prependOnceListener('a', () => seen.push(-1));
    emitter.emit('a');
    emitter.emit('a');
    return seen;
  },
  'an error that nobody listens to is thrown': () => new EventEmitter().emit('error', new RangeError('bad')),
  'listeners run with the emitter as this': () => {
    const { emitter } = collect();
    let self;
    emitter.on('a', function listen() { self = this; });
    emitter.emit('a');
    return self === emitter;
  },
  'counts': () => {
    const { emitter } = collect();
    emitter.on('a', () => {}).on('a', () => {});
    return [emitter.listenerCount('a'), emitter.listenerCount('b'), listenerCount(emitter, 'a'), emitter.rawListeners('a').length, emitter.getMaxListeners()];
  },
  'newListener and removeListener are told': () => {
    const { seen, emitter } = collect();
    emitter.on('newListener', (name) => seen.push(`+${name}`)).on('removeListener', (name) => seen.push(`-${name}`));
    emitter.once('a', () => {});
    emitter.emit('a');
    return seen;
  },
  'removeAllListeners': () => {
    const { emitter } = collect();
    emitter.on('a', () => {}).on('b', () => {}).removeAllListeners('a');
    const left = emitter.eventNames();
    return [left, emitter.removeAllListeners().eventNames()];
  },
  'once as a promise': async () => {
    const { emitter } = collect();
    setTimeout(() => emitter.emit('a', 1, 'two'), 1);
    return once(emitter, 'a');
  },
  'once rejects on an error': async () => {
    const { emitter } = collect();
    setTimeout(() => emitter.emit('error', new TypeError('no')), 1);
    return once(emitter, 'a');
  },
  'once ends with its signal': async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1);
    return once(new EventEmitter(), 'a', { signal: controller.signal });
  },
  'on as a list': async () => {
    const { seen, emitter } = collect();
    setTimeout(() => { emitter.emit('a', 1); emitter.emit('a', 2); }, 1);
    for await (const [value] of on(emitter, 'a')) {
      seen.push(value);
      if (value === 2) break;
    }
    return [seen, emitter.listenerCount('a'), emitter.listenerCount('error')];
  },
  'inherited the old way': () => {
    function Old() { EventEmitter.call(this); }
    Object.setPrototypeOf(Old.prototype, EventEmitter.prototype);
    let got;
    const old = new Old();
    old.on('x', (value) => { got = value; });
    old.emit('x', 5);
    return [got, old instanceof EventEmitter];
  },
  'a listener must be a function': () => new EventEmitter().on('a', 1),
  'symbols are names too': () => {
    const name = Symbol('s');
    return new EventEmitter().on(name, () => {}).eventNames();
  },
};

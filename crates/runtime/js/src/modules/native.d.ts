declare module 'bespoke:native' {
  const native: import('../native.js').Native;
  export default native;
}

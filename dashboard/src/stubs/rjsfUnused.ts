// Fields of rjsf that our schemas never ask for: layouts of its own, and files.
const Unused = () => null;
export default Unused;

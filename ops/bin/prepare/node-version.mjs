// Says in one line that Node is too old, before anything newer is loaded.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 12)) {
  process.stderr.write(
    `cortex: needs Node 20.12 or newer, this is ${process.versions.node}: install a newer Node and try again\n`,
  );
  process.exit(3);
}

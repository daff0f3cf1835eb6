// Reads a tar archive (USTAR, plain files only). A classic script, for the worker and for Node.
globalThis.untar = (bytes, write) => {
  const decoder = new TextDecoder();
  const text = (at, size) => decoder.decode(bytes.subarray(at, at + size)).replace(/\0.*$/s, "");
  let at = 0;
  while (bytes[at]) {
    const name = [text(at + 345, 155), text(at, 100)].filter(Boolean).join("/");
    const size = Number.parseInt(text(at + 124, 12), 8);
    write(name, bytes.subarray(at + 512, at + 512 + size));
    at += 512 * (1 + Math.ceil(size / 512));
  }
};

/** Put the files of an archive below a folder of Python's. */
globalThis.unpackInto = (python, folder, bytes) => {
  const known = new Set();
  globalThis.untar(bytes, (name, content) => {
    const path = `${folder}/${name}`;
    const home = path.slice(0, path.lastIndexOf("/"));
    if (!known.has(home)) python.FS.mkdirTree(home);
    known.add(home);
    python.FS.writeFile(path, content, { canOwn: true });
  });
};

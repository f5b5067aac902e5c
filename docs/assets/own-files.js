/** The reader's own files, in the worker: Python reads them where they are, a piece at a time, as files of its own. */

/** Milliseconds from one word on how far a file has been read to the next. */
const RHYTHM = 200;

/** The paths of the reader's files that Python sees. @type {Set<string>} */
const mounted = new Set();

/** Let Python see files of the reader's where they are, and let go of those that it no longer needs. @param {any} FS @param {Record<string, File>} files by path @returns {boolean} whether it sees any */
export function mount(FS, files) {
  const folderOf = (/** @type {string} */ path) => path.slice(0, path.lastIndexOf("/"));
  for (const path of mounted) {
    if (path in files) continue;
    FS.unmount(folderOf(path));
    mounted.delete(path);
  }
  for (const [path, data] of Object.entries(files)) {
    if (mounted.has(path)) continue;
    const folder = folderOf(path);
    FS.mkdirTree(folder);
    FS.mount(FS.filesystems.WORKERFS, { blobs: [{ name: path.slice(folder.length + 1), data }] }, folder);
    mounted.add(path);
  }
  return mounted.size > 0;
}

/** Turn what the browser says of a file that it can read no more into what Python understands. @param {any} FS */
export function tameReading(FS) {
  const { stream_ops: operations } = FS.filesystems.WORKERFS;
  const { read } = operations;
  const IO_ERROR = 29;
  operations.read = (/** @type {any[]} */ ...all) => {
    try {
      return read(...all);
    } catch {
      throw new FS.ErrnoError(IO_ERROR);
    }
  };
}

/** What tells the page now and then how far a file has been read. @param {number} id of the request @param {(message: import("./engine.js").Message) => void} say */
export function telling(id, say) {
  let said = 0;
  return (/** @type {number} */ done, /** @type {number} */ total, /** @type {number} */ requests) => {
    if (performance.now() - said < RHYTHM) return;
    said = performance.now();
    say({ kind: "reading", id, done, total, requests });
  };
}

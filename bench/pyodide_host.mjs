// Start Pyodide under Node, copy Python files into it and run one of them as a module.
// node pyodide_host.mjs RUNTIME LOCK ROOT MODULE FILE...
// RUNTIME holds Pyodide and its wheels, LOCK lists them. FILE is relative to ROOT. What MODULE prints goes to stdout.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [runtime, lock, root, module, ...files] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(runtime, "pyodide.mjs")));
const pyodide = await loadPyodide({
  indexURL: runtime + "/",
  lockFileURL: lock,
  packageBaseUrl: runtime + "/",
  stdout: (line) => console.log(line),
});
await pyodide.loadPackage("numpy", { messageCallback: () => {} });
for (const file of files) {
  const target = "/project/" + file.replace(/^src\//, "");
  pyodide.FS.mkdirTree(dirname(target));
  pyodide.FS.writeFile(target, readFileSync(join(root, file)));
}
pyodide.runPython(`
import runpy, sys
sys.path.insert(0, "/project")
runpy.run_module("${module}", run_name="__main__")
`);

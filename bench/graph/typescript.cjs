// Says where the calls of TypeScript and JavaScript files lead, as the TypeScript compiler understands them.
// usage: node typescript.cjs NODE_MODULES ROOT [CONDITIONS] < list of places. A place is `PATH:LINE:COLUMN`, from 1, the path relative to ROOT.
// Prints one JSON object: by place a list of [path, line, whether a function or a class is defined there]; what lies outside of
// ROOT has no path; of a file that is not compiled null. Used by calls.py.
const fs = require("fs");
const path = require("path");
const ts = require(path.resolve(process.argv[2], "typescript"));

const root = fs.realpathSync(process.argv[3]);
const places = fs.readFileSync(0, "utf8").split("\n").filter(Boolean);
const files = [];
const walk = (directory) => {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const at = path.join(directory, entry.name);
    if (entry.isDirectory() && ![".git", "node_modules", "dist"].includes(entry.name)) walk(at);
    else if (entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name)) files.push(at);
  }
};
walk(root);
const options = {
  allowJs: true,
  noEmit: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.Preserve,
  strict: true,
  // Packages name their sources beside what is built of them.
  customConditions: ["source", "development", ...(process.argv[4] ?? "").split(",").filter(Boolean)],
  allowImportingTsExtensions: true,
};
const host = {
  getScriptFileNames: () => files,
  getScriptVersion: () => "1",
  getScriptSnapshot: (file) => (fs.existsSync(file) ? ts.ScriptSnapshot.fromString(fs.readFileSync(file, "utf8")) : undefined),
  getCurrentDirectory: () => root,
  getCompilationSettings: () => options,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  fileExists: ts.sys.fileExists,
  readFile: ts.sys.readFile,
  readDirectory: ts.sys.readDirectory,
  directoryExists: ts.sys.directoryExists,
  getDirectories: ts.sys.getDirectories,
};
const service = ts.createLanguageService(host);
const program = service.getProgram();
const defining = new Set(["function", "method", "class", "local class", "local function", "constructor", "getter", "setter", "accessor"]);
const holdsFunction = (file, span) => {
  const source = program.getSourceFile(file);
  let node = ts.getTokenAtPosition ? ts.getTokenAtPosition(source, span.start) : undefined;
  node = node && node.parent;
  return Boolean(node && node.initializer && (ts.isArrowFunction(node.initializer) || ts.isFunctionExpression(node.initializer) || ts.isClassExpression(node.initializer)));
};
const checker = program.getTypeChecker();
const named = (name) => (checker.getSymbolAtLocation(name)?.declarations ?? []).map((one) => one.name ?? one);
// What is called by another name: `{ open }`, `const open = api.open`, `const { open } = api`.
const behind = (file, span) => {
  const source = program.getSourceFile(file);
  const node = ts.getTokenAtPosition(source, span.start)?.parent;
  if (!node) return [];
  if (ts.isShorthandPropertyAssignment(node)) return (checker.getShorthandAssignmentValueSymbol(node)?.declarations ?? []).map((one) => one.name ?? one);
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
    const key = node.propertyName ?? node.name;
    const member = checker.getTypeAtLocation(node.parent).getProperty(key.text);
    return (member?.declarations ?? []).flatMap((one) => [one.name ?? one, ...behind(one.getSourceFile().fileName, { start: (one.name ?? one).getStart() })]);
  }
  const value = node.initializer;
  if (value && ts.isIdentifier(value)) return named(value);
  if (value && ts.isPropertyAccessExpression(value)) return named(value.name);
  return [];
};
const answers = {};
for (const place of places) {
  const [, file, line, column] = /^(.*):(\d+):(\d+)$/.exec(place);
  const source = program.getSourceFile(path.join(root, file));
  if (!source) {
    answers[place] = null;
    continue;
  }
  const start = source.getPositionOfLineAndCharacter(Number(line) - 1, 0);
  // Columns are in bytes.
  const text = source.text.slice(start, start + Number(column) * 4);
  const ahead = Buffer.from(text, "utf8").subarray(0, Number(column) - 1).toString("utf8").length;
  let found = [];
  try {
    found = service.getDefinitionAtPosition(source.fileName, start + ahead) ?? [];
  } catch {
    // The compiler itself gives up.
  }
  const said = (file, span, defines) => {
    if (!file.startsWith(root + path.sep)) return ["", 0, false];
    const where = program.getSourceFile(file).getLineAndCharacterOfPosition(span.start).line + 1;
    return [file.slice(root.length + 1), where, defines];
  };
  answers[place] = found.flatMap((one) => {
    const defines = defining.has(one.kind) || (one.fileName.startsWith(root) && holdsFunction(one.fileName, one.textSpan));
    const further = one.fileName.startsWith(root) ? behind(one.fileName, one.textSpan) : [];
    return [
      said(one.fileName, one.textSpan, defines),
      ...further.map((name) => said(name.getSourceFile().fileName, { start: name.getStart() }, false)),
    ];
  });
}
console.log(JSON.stringify(answers));

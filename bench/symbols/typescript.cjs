// Prints the functions, methods and types of TypeScript and JavaScript files, as the TypeScript compiler parses them.
// usage: node typescript.cjs NODE_MODULES < list of paths. Output: see `of_program` in compare.py.
const fs = require("fs");
const ts = require(require("path").resolve(process.argv[2], "typescript"));

// What is assigned is known by what it is assigned to.
const isAssigned = ({ parent }) =>
  (ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken) ||
  ts.isPropertyAssignment(parent) ||
  ts.isVariableDeclaration(parent);
const isFunction = (node) => node && (ts.isArrowFunction(node) || ts.isFunctionExpression(node));

for (const path of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const source = ts.createSourceFile(path, fs.readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  if (source.parseDiagnostics.length > 0) {
    console.log(`broken ${path}`);
    continue;
  }
  console.log(`file ${path}`);
  const line = (position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const say = (kind, name, node) => {
    if (name && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name) || ts.isStringLiteral(name) || ts.isComputedPropertyName(name))) {
      console.log(`${kind} ${(name.text ?? name.getText(source)).replace(/\s/g, "_")} ${line(name.getStart(source))} ${line(node.getEnd())}`);
    }
  };
  const visit = (node) => {
    if (ts.isFunctionDeclaration(node)) say("function", node.name, node);
    else if (ts.isMethodDeclaration(node) || ts.isMethodSignature(node) || ts.isAccessor(node)) say("method", node.name, node);
    else if (ts.isConstructorDeclaration(node)) console.log(`method constructor ${line(node.getStart(source))} ${line(node.getEnd())}`);
    else if (ts.isPropertyDeclaration(node) && isFunction(node.initializer)) say("method", node.name, node);
    else if (ts.isPropertyAssignment(node) && isFunction(node.initializer)) say("method", node.name, node);
    else if (ts.isFunctionExpression(node) && !isAssigned(node)) say("function", node.name, node);
    else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken && isFunction(node.right)) say("function", node.left.name ?? node.left, node);
    else if (ts.isClassLike(node)) say("class", node.name, node);
    else if (ts.isInterfaceDeclaration(node)) say("interface", node.name, node);
    else if (ts.isEnumDeclaration(node)) say("enum", node.name, node);
    else if (ts.isTypeAliasDeclaration(node)) say("type", node.name, node);
    else if (ts.isVariableDeclaration(node) && isFunction(node.initializer)) say("function", node.name, node);
    ts.forEachChild(node, visit);
  };
  visit(source);
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "../paths.ts";

/** One key of an interface of arguments: its type as it is written, and what its docstring says. */
export interface Documented {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** The keys of the interface `name`, those it extends first; undefined if `components/` has none of that name. */
export function keysOf(name: string): Documented[] | undefined {
  const declaration = interfaces().get(name);
  if (declaration === undefined) {
    return undefined;
  }
  const inherited = (declaration.heritageClauses ?? []).flatMap(({ types }) =>
    types.flatMap(({ expression }) => keysOf(expression.getText()) ?? []),
  );
  const own = declaration.members
    .filter(ts.isPropertySignature)
    .map((member) => ({
      name: member.name.getText(),
      type: member.type?.getText() ?? "",
      text: docstring(member),
    }));
  return [...inherited, ...own];
}

function docstring(member: ts.PropertySignature): string {
  const said = ts
    .getJSDocCommentsAndTags(member)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "");
  return said.join(" ").replace(/\s+/g, " ").trim();
}

let cached: Map<string, ts.InterfaceDeclaration> | undefined;

/** Every interface; the names of those of arguments are unique. */
function interfaces(): Map<string, ts.InterfaceDeclaration> {
  cached ??= new Map(
    readdirSync(join(root, "components"), { recursive: true })
      .map(String)
      .filter((path) => /(?<!\.d)\.ts$/.test(path))
      .flatMap((path) =>
        ts
          .createSourceFile(
            path,
            readFileSync(join(root, "components", path), "utf8"),
            ts.ScriptTarget.Latest,
            true,
          )
          .statements.filter(ts.isInterfaceDeclaration),
      )
      .map((declaration) => [declaration.name.text, declaration] as const),
  );
  return cached;
}

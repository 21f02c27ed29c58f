import { z } from "zod";
import { nodeSchema } from "../../components/inventory/nodes.ts";
import { stackOutputSchema } from "../../program/stackInventory.ts";
import { targets } from "../../program/targets.ts";
import { type Documented, keysOf } from "./docstrings.ts";

/** What the configuration takes where the schema of the arguments does not say it. */
const elsewhere: Record<string, z.ZodType> = {
  NodeArgs: nodeSchema,
  StackInventory: stackOutputSchema,
};

type Schema = z.core.JSONSchema.BaseSchema;

/** One row of the reference. */
interface Row {
  readonly key: string;
  readonly type: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** The reference of all keys, in Markdown: types and defaults as the schemas have them, meanings from the docstrings. */
export function configuration(): string {
  const names = targets.map(({ name }) => name);
  const users = new Map<string, { row: Row; of: string[] }>();
  for (const { name, documentation, schema } of targets) {
    for (const row of rows(documentation, schemaOf(schema))) {
      const same = JSON.stringify(row);
      users.set(same, { row, of: [...(users.get(same)?.of ?? []), name] });
    }
  }
  const all = [...users.values()];
  const sections = names.map((name) => {
    const own = all.filter(({ of }) => of.join() === name);
    return `## Keys of ${name}\n\n${table(own.map(({ row }) => cells(row)))}`;
  });
  return `# Configuration

<!-- written by \`npm run docs\` from the schemas and the docstrings of components/; do not edit -->

The keys of \`Pulumi.<stack>.yaml\`, each with \`pulumi config set KEY VALUE\`, those with a dot in them with \`pulumi config set --path KEY VALUE\`. Unknown keys, keys of another target and bad values are refused at preview, all at once. The nodes are given by exactly one of \`nodes\`, \`machinesFile\`, \`inventory\` and, in a cloud, \`instances\`. A list counts from \`[0]\`: \`pulumi config set --path 'nodeSubnets[0]' 10.240.0.0/24\`.

## Keys of several targets

${table(
  [targetRow(names), ...all.filter(({ of }) => of.length > 1)].map(
    ({ row, of }) => [...cells(row), listed(of, names)],
  ),
)}

${sections.join("\n\n")}
`;
}

function targetRow(names: string[]): { row: Row; of: string[] } {
  const row = {
    key: "target",
    type: names.map(code).join(" or "),
    fallback: code(targets[0].name),
    meaning:
      "Where the routes go; or two targets with a plus in between, such as `openstack+hosts`. Each takes the keys that it knows.",
  };
  return { row, of: names };
}

function listed(of: readonly string[], all: readonly string[]): string {
  return of.length === all.length ? "all" : of.map(code).join(", ");
}

function schemaOf(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}

/** The keys of an object and, below each that holds objects itself, theirs. */
function rows(name: string, schema: Schema, prefix = ""): Row[] {
  const documented = keysOf(name) ?? [];
  const fields = Object.entries(schema.properties ?? {});
  const missing = fields
    .map(([key]) => key)
    .filter((key) => documented.every((one) => one.name !== key));
  if (missing.length > 0) {
    throw new Error(`${name} has no docstring of ${missing}`);
  }
  return documented.flatMap((one) => {
    const [, field] = fields.find(([key]) => key === one.name) ?? [];
    if (field === undefined) {
      return [];
    }
    const required = schema.required?.includes(one.name) ?? false;
    const path = `${prefix}${one.name}`;
    const [inner = "", list = ""] = one.type.split(/(?=\[\]$)/);
    const given = list === "" ? field : (field as Schema).items;
    const below = elsewhere[inner];
    return [
      row(path, one, field as Schema, required),
      ...(keysOf(inner) === undefined
        ? []
        : rows(
            inner,
            below === undefined ? (given as Schema) : schemaOf(below),
            `${path}${list}.`,
          )),
    ];
  });
}

function row(
  key: string,
  { type, text }: Documented,
  field: Schema,
  required: boolean,
): Row {
  const [meaning = "", prose] = text.split(/\s*\bDefault: /);
  const { default: value } = field;
  // an empty list or object is what prose has better words for
  const plain = value !== undefined && typeof value !== "object";
  if (meaning === "") {
    throw new Error(`${key} has no docstring`);
  }
  if (plain && prose !== undefined && !prose.includes(String(value))) {
    throw new Error(`${key}: the docstring gives another default: ${prose}`);
  }
  return {
    key,
    type: typeOf(field, type),
    fallback: required
      ? "required"
      : (prose?.replace(/\.$/, "") ?? (plain ? code(String(value)) : "")),
    meaning,
  };
}

/** What may be given. Where the schema does not say, the type of the key does. */
function typeOf(field: Schema, type: string): string {
  const { minimum, maximum } = field;
  if (keysOf(type.replace(/\[\]$/, "")) !== undefined) {
    return type.endsWith("[]") ? "list, keys below" : "keys below";
  }
  if (field.enum !== undefined) {
    return field.enum.map((one) => code(String(one))).join(" or ");
  }
  if (field.anyOf !== undefined) {
    return field.anyOf.map((one) => typeOf(one as Schema, "")).join(", or ");
  }
  switch (field.type) {
    case "integer": {
      const upper = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
      return `whole number, ${minimum} ${upper === undefined ? "or more" : `to ${upper}`}`;
    }
    case "boolean":
      return "`true` or `false`";
    case "string":
      return "text";
    case "array":
      return "list of texts";
    case "object":
      return "texts by name";
    default:
      if (!/\bstring\b/.test(type)) {
        throw new Error(`no words for ${type}`);
      }
      return "text";
  }
}

function cells({ key, type, fallback, meaning }: Row): string[] {
  return [code(key), type, fallback, meaning];
}

function table(body: readonly string[][]): string {
  const heads = ["key", "value", "default", "meaning", "targets"];
  const all = [heads, heads.map(() => "---"), ...body];
  const width = body[0]?.length;
  return all
    .map((row) => `| ${row.slice(0, width).join(" | ")} |`)
    .map((line) => line.replace(/ {2,}/g, " "))
    .join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

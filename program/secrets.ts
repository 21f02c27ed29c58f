import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Faults } from "../components/core/faults.ts";
import { join, unwrapped } from "../components/core/schema.ts";
import { secretText } from "../components/ssh/sshArgs.ts";

/** Makes a secret of every value that the schema says is one. Adds a fault for each that is none in the configuration. */
export function wrapSecrets(
  shape: z.core.$ZodShape,
  values: object,
  faults: Faults,
  path = "",
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const field = Object.hasOwn(shape, key) ? shape[key] : undefined;
      const at = join(path, key);
      return [key, field ? wrapSecret(field, value, at, faults) : value];
    }),
  );
}

function wrapSecret(
  schema: z.core.$ZodType,
  value: unknown,
  path: string,
  faults: Faults,
): unknown {
  const inner = unwrapped(schema);
  if (inner === secretText && typeof value === "string") {
    const [top = ""] = path.split(".");
    if (!secretKeys().includes(`${pulumi.getProject()}:${top}`)) {
      faults.add(
        path,
        `stands in the clear in the stack's file, store it with: pulumi config set --secret --path ${path}`,
      );
    }
    return pulumi.secret(value);
  }
  const isObject =
    typeof value === "object" && value !== null && !Array.isArray(value);
  return inner instanceof z.ZodObject && isObject
    ? wrapSecrets(inner.shape, value, faults, path)
    : value;
}

/** The keys that hold a secret, as the language host names them to the program. */
export function secretKeys(): string[] {
  return JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]");
}

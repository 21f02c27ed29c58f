// What all stand-ins share: how the engine speaks to a provider.
import { flushCompileCache } from "node:module";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";
import { typeIn } from "../../components/stack/urn.ts";

const { ReadRequest } = messages;

/** The properties of a resource, as they come over the wire. */
export type Properties = Record<string, unknown>;

// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
const secretKey = "4dabf18193072939515e22adb298388d";
const secretValue = "1b47061264138c4ac30d75fd1eb44270";

/** {@link Provider} with {@link Properties} where the SDK has `any`. */
type TypedProvider = { [Name in keyof Provider]: Typed<Provider[Name]> };
type Typed<F> = F extends (...args: infer Args) => infer Result
  ? (...args: { [I in keyof Args]: NoAny<Args[I]> }) => Result
  : F;
type NoAny<T> = 0 extends 1 & T ? Properties : T;

/** An error that is no fault of this program: its message is shown without a stack trace. */
export class Refusal extends Error {
  override readonly stack = "";

  readonly code: string;

  constructor(
    message: string,
    /** What the API calls the error, or its HTTP status. */
    code = "",
  ) {
    super(message);
    this.code = code;
  }
}

/** Says in an error's message what failed. */
export async function prefixed<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = error as Refusal;
    throw new Refusal(`${what}: ${message}`, code);
  }
}

/** Refuses a resource that the official plugin has and the stand-in has not. */
export function checkType(urn: string, served: string): void {
  const type = typeIn(urn).split("$").at(-1);
  if (type !== served) {
    const [plugin] = served.split(":");
    throw new Refusal(
      `the stand-in for the ${plugin} plugin does not serve ${type}`,
    );
  }
}

/** Properties without the wrapping that marks secrets. */
export function bare(properties: Properties): Properties {
  return plain(properties) as Properties;
}

/** A value without the wrapping that marks secrets. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const object = value as Properties;
  if (object[secretKey] === secretValue) {
    return plain(object.value);
  }
  return Object.fromEntries(
    Object.entries(object).map(([key, inner]) => [key, plain(inner)]),
  );
}

/** A value, marked as a secret. */
export function secret(value: unknown): Properties {
  return { [secretKey]: secretValue, value };
}

/** Serves a provider to the engine that started this program. */
export function serve(provider: TypedProvider): void {
  // For an import the engine sends no properties, which the server in @pulumi/pulumi does not expect.
  const { getProperties } = ReadRequest.prototype;
  const none = { toJavaScript: () => ({}) } as ReturnType<typeof getProperties>;
  ReadRequest.prototype.getProperties = function () {
    return getProperties.call(this) ?? none;
  };
  main(provider, process.argv.slice(2));
  // the engine kills its plugins, and Node.js writes its compile cache only when it ends by itself
  flushCompileCache();
}

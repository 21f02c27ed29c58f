// What all stand-ins share: how the engine speaks to a provider.
import { flushCompileCache } from "node:module";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";

const { ReadRequest } = messages;

/** The properties of a resource, as they come over the wire. */
export type Properties = Record<string, unknown>;

// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
const secretKey = "4dabf18193072939515e22adb298388d";
const secretValue = "1b47061264138c4ac30d75fd1eb44270";

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
export function serve(provider: Provider): void {
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

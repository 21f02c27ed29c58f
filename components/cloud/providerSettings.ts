import { Config, type InvokeOptions, type Output } from "@pulumi/pulumi";
import { known } from "../stack/known.ts";

/** Reads a setting of a provider: its text, or its JSON where it is not a text. */
export type ProviderSettings = (key: string) => Promise<string | undefined>;

/**
 * The settings of the provider of a component's resources. That is the one given by `provider` or `providers` to the
 * component or to a parent of it; otherwise the default provider, whose settings are those of the stack.
 *
 * @param name the package of the resources: `gcp`
 */
export function providerSettings(
  name: string,
  { parent }: InvokeOptions,
): ProviderSettings {
  const provider = parent?.getProvider(`${name}:index:Any`);
  if (provider === undefined) {
    const config = new Config(name);
    return async (key) => config.get(key);
  }
  // the SDKs declare only the arguments that are text, but a resource has all of them
  const outputs = provider as unknown as Partial<
    Record<string, Output<unknown>>
  >;
  return async (key) => {
    const value = (await known(outputs[key]))?.value ?? undefined;
    return value === undefined || typeof value === "string"
      ? value
      : JSON.stringify(value);
  };
}

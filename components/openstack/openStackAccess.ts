import { getAuthScope } from "@pulumi/openstack/identity/index.js";
import type { InvokeOptions } from "@pulumi/pulumi";
import { z } from "zod";
import { readAnswer } from "../cloud/answers.ts";
import {
  type ProviderSettings,
  providerSettings,
} from "../cloud/providerSettings.ts";
import { foreignText } from "../core/plainText.ts";
import { type NetworkApi, neutron } from "./openStackApi.ts";

const text = z.string().nullish();

/** Keystone's answer: a token, and the endpoints of all services. */
const scopeSchema = z.object({
  tokenId: z.string(),
  serviceCatalogs: z.array(
    z.object({
      type: text,
      endpoints: z.array(
        z.object({
          interface: text,
          region: text,
          regionId: text,
          url: z.string(),
        }),
      ),
    }),
  ),
});

/** Endpoints that are set in the provider, in place of those of the catalogue. */
const overridesSchema = z.object({ network: text }).nullish();

/** Client of Neutron's API, at the endpoint and with a token of the provider. */
export async function networkApi(options: InvokeOptions): Promise<NetworkApi> {
  const scope = readAnswer(
    scopeSchema,
    await getAuthScope(
      { name: "pod-network-routes", setTokenId: true },
      options,
    ),
    "Keystone's token and catalogue",
  );
  const settings = providerSettings("openstack", options);
  return neutron(await endpoint(scope, settings), scope.tokenId);
}

/** The provider's endpoint of Neutron: the one that is set, or the one of its region and interface in the catalogue. */
async function endpoint(
  scope: z.output<typeof scopeSchema>,
  settings: ProviderSettings,
): Promise<string> {
  const overrides = JSON.parse((await settings("endpointOverrides")) || "{}");
  const { network } = overridesSchema.parse(overrides) ?? {};
  if (typeof network === "string") {
    return versioned(network);
  }
  const region = (await settings("region")) ?? process.env.OS_REGION_NAME ?? "";
  const kind =
    (await settings("endpointType")) ?? process.env.OS_ENDPOINT_TYPE ?? "";
  const wanted = kind === "" ? "public" : kind.replace(/URL$/, "");
  const service = scope.serviceCatalogs.find(({ type }) => type === "network");
  const found = service?.endpoints.find(
    (one) =>
      one.interface === wanted &&
      (region === "" || one.region === region || one.regionId === region),
  );
  if (found === undefined) {
    const where = region === "" ? "" : ` in region ${foreignText(region)}`;
    throw new Error(
      `the catalogue has no ${foreignText(wanted)} endpoint of type network${where}`,
    );
  }
  return versioned(found.url);
}

function versioned(url: string): string {
  return `${url.replace(/\/(v2\.0\/?)?$/, "")}/v2.0/`;
}

import { getProxyForUrl } from "proxy-from-env";
import type { buildConnector, Client } from "undici";

type Undici = typeof import("undici");

/**
 * Fetches as Pulumi's providers do: through the proxy of `HTTPS_PROXY` or `HTTP_PROXY`, unless `NO_PROXY`
 * names the host. What is on this machine is reached without, as Go does it, which the providers are written in.
 */
export async function fetchByProxy(
  url: URL,
  asked: RequestInit,
): Promise<Response> {
  const proxy = isThisMachine(url) ? "" : getProxyForUrl(url.href);
  if (proxy === "") {
    return fetch(url, asked);
  }
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol)) {
    throw new Error(
      "the proxy is not a URL of http or https: see HTTPS_PROXY and HTTP_PROXY in the environment",
    );
  }
  const undici = await import("undici"); // few need it
  // through a tunnel where the API speaks https: then the proxy sees no token
  const dispatcher = new undici.ProxyAgent({
    ...{ uri: proxy, proxyTunnel: false },
    clientFactory: patient(undici),
    factory: patient(undici),
  });
  try {
    const init = asked as Parameters<Undici["fetch"]>[1];
    const response = await undici.fetch(url, { ...init, dispatcher });
    dispatcher.close(); // once the answer's body is there
    return response as unknown as Response;
  } catch (error) {
    await dispatcher.destroy();
    throw error;
  }
}

/** So often is a proxy connected to for one question. */
const mostConnections = 5;

/** Makes clients that give up a proxy which hangs up on them; undici's own would connect to it again and again, without a pause. */
function patient({ Client }: Undici) {
  return (origin: URL, { connect, ...options }: Client.Options) => {
    let left = mostConnections;
    const limited: buildConnector.connector = (to, done) => {
      left -= 1;
      if (left < 0 || typeof connect !== "function") {
        done(new Error("the proxy closes the connection"), null);
      } else {
        connect(to, done);
      }
    };
    return new Client(origin, { ...options, connect: limited });
  };
}

function isThisMachine({ hostname }: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

import { images } from "../kubernetes.ts";

/** A container image, as nodes have it. */
export interface Image {
  /** The directory on a node with its files. */
  readonly directory: string;
  readonly entrypoint: readonly string[];
}

/** The image of that name, from any registry and with any tag; undefined if it cannot be pulled here. */
export function imageNamed(name: string): Image | undefined {
  const [, repository] = /([^/:@]+)(:[^/@]+)?(@.*)?$/.exec(name) ?? [];
  switch (repository) {
    case "flannel":
      return {
        directory: `${images}/flannel`,
        entrypoint: ["/opt/bin/flanneld"],
      };
    case "flannel-cni-plugin":
      return { directory: `${images}/flannel-cni-plugin`, entrypoint: [] };
    default:
      return undefined;
  }
}

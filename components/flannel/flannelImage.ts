import { z } from "zod";

// The grammar of github.com/distribution/reference, which container runtimes read.
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const label = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const domain = `(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?`;
// the digests that github.com/opencontainers/go-digest knows
const digests = "sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}";
const reference = new RegExp(
  `^((?:${domain}/)?${component}(?:/${component})*)(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@(?:${digests}))?$`,
);

/** The greatest lengths of a name, a tag and a digest. */
const longest = 255 + ":".length + 128 + "@sha512:".length + 128;

/** An image with a tag or a digest. Without either it would be `latest`, which changes. */
export const imageSchema = z.string().superRefine((text, context) => {
  const [, name, tag, digest] =
    text.length > longest ? [] : (reference.exec(text) ?? []);
  if (name === undefined) {
    context.addIssue(
      "expected an image, for example ghcr.io/flannel-io/flannel:v0.28.4 or, pinned, ghcr.io/flannel-io/flannel:v0.28.4@sha256:...",
    );
  } else if (name.length > 255) {
    context.addIssue("expected at most 255 characters before tag and digest");
  } else if (tag === undefined && digest === undefined) {
    context.addIssue("expected a tag or a digest behind the image's name");
  }
});

import { verifyCli } from "../components/verify/verifyCli.ts";
import { ownContext } from "./verifyContext.ts";

verifyCli(process.argv.slice(2), ownContext).then((code) => process.exit(code));

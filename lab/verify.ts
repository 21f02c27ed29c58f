import "../deferred";
import { verifyCli } from "../components/verify/cli";
import { ownContext } from "./verifyContext";

verifyCli(process.argv.slice(2), ownContext).then((code) => process.exit(code));

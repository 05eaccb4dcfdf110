// `npm run build`: dependencies when they are missing, then every package that changed.
import { prepare } from './prepare/prepare.mjs';

await prepare();

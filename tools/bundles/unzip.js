// The files of a wheel, {name: bytes}, without those that `wanted(name)` refuses.

import { unzipSync } from "fflate";

export const unzip = (wheel, wanted) => unzipSync(wheel, { filter: ({ name }) => wanted(name) });

/** Where random cases begin: `FRAMEPATH_SEED`, else 1. Whoever fails names its seed. */
export const firstSeed = Number(process.env.FRAMEPATH_SEED || 1);

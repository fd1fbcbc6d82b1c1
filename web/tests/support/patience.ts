/** For `waitFor`: on a machine that is busy with other tests everything takes its time. */
export const PATIENCE = { timeout: 60_000 };

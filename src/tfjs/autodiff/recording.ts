/** Whether kernel calls are being recorded: what is not a kernel call is then missed. */
let recordings = 0;

export const isRecording = (): boolean => recordings > 0;

/** Runs `run` as a recording. */
export function whileRecording<T>(run: () => T): T {
  recordings++;
  try {
    return run();
  } finally {
    recordings--;
  }
}

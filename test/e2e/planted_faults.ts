/**
 * Loaded before the program: at SIGUSR2 a timer throws, and a task fails that nobody awaits.
 *
 * @module
 */
Deno.addSignalListener("SIGUSR2", () => {
  setTimeout(() => {
    throw new Error("planted in a timer");
  });
  Promise.reject(new Error("planted in a task"));
});

/**
 * The same question, asked at most once in each turn of the event loop: requests of one turn are judged at the same
 * moment, so they can share one look at the store.
 */
export function perTurn<Value>(ask: () => Value): () => Value {
  let asked = false;
  let answer: Value;
  const forget = (): void => {
    asked = false;
  };
  return () => {
    if (asked) return answer;
    answer = ask();
    asked = true;
    setImmediate(forget);
    return answer;
  };
}

/**
 * The same question, asked at most once for each `now`: requests that are judged at the same millisecond share one look
 * at the store.
 */
export function perMoment<Value>(ask: () => Value): (now: number) => Value {
  let moment = Number.NaN;
  let answer: Value;
  return (now) => {
    if (now !== moment) {
      answer = ask();
      moment = now;
    }
    return answer;
  };
}

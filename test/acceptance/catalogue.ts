/** The checks of the acceptance catalogue that these tests hold, by area. */
export const CATALOGUE: Readonly<Record<string, readonly number[]>> = {
  HDR: [1, 2, 4, 5, 7, 8, 9, 10, 12, 13, 14, 20, 22, 23, 24, 29, 32, 33, 34, 36, 37, 38, 40, 41, 42, 43, 46, 47, 49],
  LEG: [1, 2, 3, 4, 5, 8, 10, 11, 14, 17, 19, 20, 21],
  JWT: [1, 2, 3, 5, 7, 8, 10, 12, 13, 14, 17, 20, 23, 25, 26, 28, 30, 32, 33, 34],
  PRM: [1, 2, 3, 4, 5, 6, 12, 13],
  RSA: [1, 2, 3, 4, 5, 6, 11, 12, 17, 20, 21, 22, 23, 24, 26, 27, 28, 29, 32, 33, 34, 35, 36],
  DPOP: [1, 2, 4, 5, 6, 8, 9, 11],
  UP: [1, 2, 3, 4, 5, 6, 10, 11, 12, 14, 15, 16, 19],
  POL: [1, 2, 4, 6, 9, 11, 12, 13, 16, 17, 19, 20, 23, 24, 28, 30, 31, 32, 34, 35, 36],
  STR: [1, 2, 4, 5, 6, 7, 8, 13, 14, 16, 17, 19],
  NET: [1, 2, 6, 9, 10, 11, 12, 14, 15, 16, 18, 22, 24, 26, 27, 28, 30, 31, 32],
  DOS: [1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 13, 19, 20, 21, 23, 25, 27],
  LOG: [1, 3, 4, 6, 7, 8, 9, 10, 15, 17],
  KEY: [1, 2, 3, 4, 5, 7, 11, 13],
  ROB: [1, 2, 3, 5, 8, 10, 13, 14],
};

/** A check's id as the catalogue writes it, for example `HDR-04`. */
export function toCheckId(area: string, number: number): string {
  return `${area}-${String(number).padStart(2, '0')}`;
}

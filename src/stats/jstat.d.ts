/** The part of jstat that the certificate uses; the package ships no types. */
declare module 'jstat' {
  interface Distribution {
    cdf(x: number, degreesOfFreedom: number): number;
    inv(probability: number, degreesOfFreedom: number): number;
  }
  const jstat: { jStat: { chisquare: Distribution; studentt: Distribution } };
  export default jstat;
}

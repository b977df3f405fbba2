  /**
   * The production store (Perrin et al. 2003): net rain fills it or net evaporation drains it, then
   * it percolates.
   *
   * @param P, E precipitation and potential evapotranspiration of each day [mm/d]
   * @param x1 capacity [mm]
   * @param S0 content before the first day [mm]
   * @return water that leaves for the unit hydrographs on each day [mm/d], followed by the content
   *   after the last day [mm]
   */
  vector gr4j_production(vector P, vector E, real x1, real S0) {
    int T = num_elements(P);
    real S = S0;
    vector[T] PR;

    for (t in 1 : T) {
      real filling = S / x1;
      real after_percolation;
      if (P[t] >= E[t]) {
        real w = tanh((P[t] - E[t]) / x1);
        real Ps = x1 * (1 - square(filling)) * w / (1 + filling * w);
        S += Ps;
        PR[t] = P[t] - E[t] - Ps;
      } else {
        real w = tanh((E[t] - P[t]) / x1);
        S -= S * (2 - filling) * w / (1 + (1 - filling) * w);
        PR[t] = 0;
      }
      after_percolation = S * inv_sqrt(sqrt(1 + square(square(S / (2.25 * x1)))));
      PR[t] += S - after_percolation;
      S = after_percolation;
    }
    return append_row(PR, S);
  }

  /**
   * Ordinates of the unit hydrograph UH1 (Perrin et al. 2003, eqs. 9 to 15):
   * differences of the S-curve (t / x4)^2.5, which reaches 1 at t = x4.
   *
   * @param x4 time base [d], at least 0.5
   * @param n number of ordinates, at least x4
   * @return shares of a day's water that leave on that day and on the n - 1 days after it
   */
  vector gr4j_uh1(real x4, int n) {
    vector[n] ordinates = rep_vector(0, n);
    real before = 0;
    int j = 1;
    while (j < x4) {
      real now = (j / x4) ^ 2.5;
      ordinates[j] = now - before;
      before = now;
      j += 1;
    }
    ordinates[j] = 1 - before;
    return ordinates;
  }

  /**
   * Ordinates of the unit hydrograph UH2 (Perrin et al. 2003, eqs. 12 to 16):
   * its S-curve rises as 0.5 (t / x4)^2.5 to 1/2 at t = x4 and, mirrored, to 1 at t = 2 x4.
   *
   * @param x4 half the time base [d], at least 0.5
   * @param n number of ordinates, at least 2 x4
   * @return shares of a day's water that leave on that day and on the n - 1 days after it
   */
  vector gr4j_uh2(real x4, int n) {
    vector[n] ordinates = rep_vector(0, n);
    real before = 0;
    int j = 1;
    while (j < 2 * x4) {
      real now = j < x4 ? 0.5 * (j / x4) ^ 2.5 : 1 - 0.5 * (2 - j / x4) ^ 2.5;
      ordinates[j] = now - before;
      before = now;
      j += 1;
    }
    ordinates[j] = 1 - before;
    return ordinates;
  }

  /**
   * Number of days that a unit hydrograph of the given time base can last.
   *
   * @param time_base [d]
   * @return the smallest whole number that is not below it
   */
  int gr4j_uh_length(real time_base) {
    int n = 1;
    while (n < time_base) n += 1;
    return n;
  }

  /**
   * Water released by a unit hydrograph day by day.
   *
   * @param inflow water that enters on each day [mm]
   * @param ordinates shares released on the day of entry and on the days after it
   * @param memory water from earlier days, by day of release [mm]; one shorter than the ordinates
   * @return outflow of each day of inflow [mm/d], followed by the memory after the last day
   */
  vector gr4j_release(vector inflow, vector ordinates, vector memory) {
    int T = num_elements(inflow);
    int n = num_elements(ordinates);
    vector[T + n - 1] released = append_row(memory, rep_vector(0, T));
    for (j in 1 : n) {
      if (ordinates[j] == 0) break;
      released[j : T + j - 1] += ordinates[j] * inflow;
    }
    return released;
  }

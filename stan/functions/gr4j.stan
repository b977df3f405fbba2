  /**
   * The state of GR4J before its first day: two stores and empty unit hydrographs.
   *
   * @param S0, R0 production and routing store [mm]
   * @param n_uh1, n_uh2 numbers of ordinates
   * @return S, R, then the memories of UH1 and UH2
   */
  vector gr4j_state(real S0, real R0, int n_uh1, int n_uh2) {
    return append_row([S0, R0]', rep_vector(0, n_uh1 + n_uh2 - 2));
  }

  /**
   * GR4J (Perrin et al. 2003) over consecutive days, in airGR's order of operations.
   *
   * @param P, E precipitation and potential evapotranspiration of each day [mm/d]
   * @param x1 capacity of the production store [mm]
   * @param x2 groundwater exchange coefficient [mm/d]
   * @param x3 capacity of the routing store [mm]
   * @param uh1, uh2 ordinates of the unit hydrographs
   * @param state before the first day: S, R, then the memories of UH1 and UH2 [mm]
   * @return streamflow of each day [mm/d], followed by the state after the last day
   */
  vector gr4j_run(vector P, vector E, real x1, real x2, real x3, vector uh1, vector uh2,
                  vector state) {
    int T = num_elements(P);
    int n_uh1 = num_elements(uh1);
    int n_uh2 = num_elements(uh2);
    real S = state[1];
    real R = state[2];
    vector[T] PR;
    vector[T] Q;
    vector[T + n_uh1 - 1] Q9;
    vector[T + n_uh2 - 1] Q1;
    // an index range would be reversed, not empty, when there is one ordinate: head and tail
    vector[n_uh1 + n_uh2 - 2] memory = tail(state, n_uh1 + n_uh2 - 2);

    // production store: net rain fills it or net evaporation drains it, then it percolates
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

    Q9 = gr4j_release(0.9 * PR, uh1, head(memory, n_uh1 - 1));
    Q1 = gr4j_release(0.1 * PR, uh2, tail(memory, n_uh2 - 1));

    // routing store: exchange F is taken from its content before the day's inflow
    for (t in 1 : T) {
      real F = x2 * (R / x3) ^ 3.5;
      real Qd = Q1[t] + F;
      real after_outflow;
      R += Q9[t] + F;
      if (R < 0) R = 0;
      if (Qd < 0) Qd = 0;
      after_outflow = R * inv_sqrt(sqrt(1 + square(square(R / x3))));
      Q[t] = R - after_outflow + Qd;
      R = after_outflow;
    }

    return append_row(Q, append_row([S, R]',
                                    append_row(tail(Q9, n_uh1 - 1), tail(Q1, n_uh2 - 1))));
  }

  /**
   * Streamflow of GR4J (Perrin et al. 2003), from empty unit hydrographs.
   *
   * @param P, E precipitation and potential evapotranspiration of each day [mm/d]
   * @param x1 capacity of the production store [mm]
   * @param x2 groundwater exchange coefficient [mm/d]
   * @param x3 capacity of the routing store [mm]
   * @param x4 time base of the unit hydrographs [d]
   * @param S0, R0 production and routing store before the first day [mm]
   * @return streamflow of each day [mm/d]
   */
  vector gr4j_flow(vector P, vector E, real x1, real x2, real x3, real x4, real S0, real R0) {
    int n_uh1 = gr4j_uh_length(x4);
    int n_uh2 = gr4j_uh_length(2 * x4);
    return head(gr4j_run(P, E, x1, x2, x3, gr4j_uh1(x4, n_uh1), gr4j_uh2(x4, n_uh2),
                         gr4j_state(S0, R0, n_uh1, n_uh2)), num_elements(P));
  }

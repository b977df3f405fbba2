  /**
   * Length of the state of GR4J: two stores, and the memories of UH1 and UH2.
   *
   * @param theta x1, x2, x3, x4, see gr4j_run
   */
  int gr4j_state_size(vector theta) {
    return gr4j_uh_length(theta[4]) + gr4j_uh_length(2 * theta[4]);
  }

  /**
   * The state of GR4J before its first day: two stores and empty unit hydrographs.
   *
   * @param theta x1, x2, x3, x4, see gr4j_run
   * @param stores S0 and R0, production and routing store [mm]
   * @return S, R, then the memories of UH1 and UH2 [mm]
   */
  vector gr4j_state(vector theta, vector stores) {
    return append_row(stores, rep_vector(0, gr4j_state_size(theta) - 2));
  }

  /**
   * GR4J (Perrin et al. 2003) over consecutive days, in airGR's order of operations.
   *
   * @param P, E precipitation and potential evapotranspiration of each day [mm/d]
   * @param theta x1, x2, x3, x4: capacity of the production store [mm], groundwater exchange
   *   coefficient [mm/d], capacity of the routing store [mm], time base of the hydrographs [d]
   * @param state before the first day: S, R, then the memories of UH1 and UH2 [mm]
   * @return streamflow of each day [mm/d], followed by the state after the last day
   */
  vector gr4j_run(vector P, vector E, vector theta, vector state) {
    int T = num_elements(P);
    real x2 = theta[2];
    real x3 = theta[3];
    real x4 = theta[4];
    int n_uh1 = gr4j_uh_length(x4);
    int n_uh2 = gr4j_uh_length(2 * x4);
    real R = state[2];
    vector[T] Q;
    vector[T + n_uh1 - 1] Q9;
    vector[T + n_uh2 - 1] Q1;
    // an index range would be reversed, not empty, when there is one ordinate: head and tail
    vector[n_uh1 + n_uh2 - 2] memory = tail(state, n_uh1 + n_uh2 - 2);
    vector[T + 1] produced = gr4j_production(P, E, theta[1], state[1]);

    Q9 = gr4j_release(0.9 * head(produced, T), gr4j_uh1(x4, n_uh1), head(memory, n_uh1 - 1));
    Q1 = gr4j_release(0.1 * head(produced, T), gr4j_uh2(x4, n_uh2), tail(memory, n_uh2 - 1));

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

    return append_row(Q, append_row([produced[T + 1], R]',
                                    append_row(tail(Q9, n_uh1 - 1), tail(Q1, n_uh2 - 1))));
  }

  /**
   * Streamflow of GR4J (Perrin et al. 2003), from empty unit hydrographs.
   *
   * @param P, E precipitation and potential evapotranspiration of each day [mm/d]
   * @param theta x1, x2, x3, x4, see gr4j_run
   * @param stores S0 and R0, production and routing store before the first day [mm]
   * @return streamflow of each day [mm/d]
   */
  vector gr4j_flow(vector P, vector E, vector theta, vector stores) {
    return head(gr4j_run(P, E, theta, gr4j_state(theta, stores)), num_elements(P));
  }

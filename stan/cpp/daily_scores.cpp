// A shared library, without Stan, for the structure STRUCTURE and an error model: the score of each
// observation, the derivatives of its log density with respect to theta, stores and errors, which
// are as in the binding to Stan. Returns 0, or 1 if theta is out of range or a score not finite.
#include <cmath>
#include <vector>

extern "C" int gr4j_daily_scores(int T, const double* P, const double* E, const double* theta,
                                 const double* stores, int n_errors, const double* errors, int N,
                                 const int* obs_day, const double* observed, double* scores) {
  using routing = gr4j::routing_STRUCTURE;
  constexpr int K = routing::parameters + routing::stores;
  const double x4 = theta[3];
  if (!(x4 >= 0.5 && x4 <= 1000)) return 1;
  gr4j::run<routing> space;
  std::vector<double> Q(T), Q_tangent(static_cast<size_t>(T) * K);
  gr4j::simulate<routing, true>(T, P, E, theta, stores, space, Q.data());
  gr4j::tangent<routing>(T, P, E, theta, stores, space, Q_tangent.data());
  for (int i = 0; i < N; ++i) {
    const int day = obs_day[i] - 1, first = 1;
    double Q_adjoint = 0;
    double* row = scores + static_cast<size_t>(i) * (K + n_errors);
    // the likelihood of one day, which is the first of a series of one
    gr4j::log_likelihood(1, &first, observed + i, Q.data() + day, errors, &Q_adjoint, row + K);
    const double* along = Q_tangent.data() + static_cast<size_t>(day) * K;
    for (int k = 0; k < K; ++k) row[k] = Q_adjoint * along[k];
    for (int k = 0; k < K + n_errors; ++k)
      if (!std::isfinite(row[k])) return 1;
  }
  return 0;
}

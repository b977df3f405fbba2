// Derivatives of every day's flow with respect to theta and stores, from one sweep forward.
#include <algorithm>
#include <vector>

namespace gr4j {

template <typename Routing, int N1>
void tangent_days(int n, const double* P, const double* E, const double* theta,
                  const double* stores, const run<Routing>& space, double* Q_tangent) {
  constexpr int N = Routing::parameters + Routing::stores;
  const int n1 = N1 ? N1 : space.u1.size(), n2 = 2 * n1;
  const double *share1 = space.u1.share.data(), *slope1 = space.u1.slope.data();
  const double *share2 = space.u2.share.data(), *slope2 = space.u2.slope.data();
  const double* pr = space.pr.data() + n2 - 1;
  // before the first day there is no water on its way, whatever theta is
  std::vector<double> water((n + n2 - 1) * N, 0.0);
  double* pr_tangent = water.data() + (n2 - 1) * N;
  production::tangent<N> store(theta, stores, Routing::parameters);
  typename Routing::tangent outlet(theta, stores);
  for (int t = 0; t < n; ++t) {
    store.forward(space.days[t].store, P[t] - E[t], pr[t], pr_tangent + t * N);
    double q9[N] = {}, q1[N] = {};
    for (int j = 0; j < n2; ++j) {
      const double* before = pr_tangent + (t - j) * N;
      const double share9 = j < n1 ? share1[j] : 0;
      for (int k = 0; k < N; ++k) {
        q9[k] += share9 * before[k];
        q1[k] += share2[j] * before[k];
      }
      if (j < n1) q9[3] += slope1[j] * pr[t - j];
      q1[3] += slope2[j] * pr[t - j];
    }
    outlet.forward(space.days[t].outlet, q9, q1, Q_tangent + t * N);
  }
}

// Derivatives of the n flows, shape (n, parameters + stores), after `simulate` with a gradient.
template <typename Routing>
void tangent(int n, const double* P, const double* E, const double* theta, const double* stores,
             const run<Routing>& space, double* Q_tangent) {
  with_ordinates(space.u1.size(), [&](auto n1) {
    tangent_days<Routing, decltype(n1)::value>(n, P, E, theta, stores, space, Q_tangent);
  });
}

}  // namespace gr4j

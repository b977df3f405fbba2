// A structure over all days, forward and backward: production store, unit hydrographs, routing.
//
// The stages are fused into one loop each way. With q9 and q1 the sums over ordinates u1 and u2,
// the hydrographs' part of the backward sweep is
//
//   pr- = sum_j (u1_j q9-_(t+j) + u2_j q1-_(t+j)),  x4- likewise with the slopes of u, times pr
#include <algorithm>
#include <vector>

namespace gr4j {

// What the backward sweep needs of a day.
template <typename Routing>
struct day {
  production::record store;
  typename Routing::record outlet;
};

// Room for one run, which may be used again; it is for n days and one x4.
template <typename Routing>
struct run {
  hydrograph u1, u2;
  std::vector<double> pr, work;
  std::vector<day<Routing>> days;

  run() : u1(uh1(1, 1)), u2(uh2(1, 1)) {}

  // For value or gradient of n days.
  void prepare(int n, double x4, bool gradient) {
    u1 = uh1(x4, Routing::uh1_share());
    u2 = uh2(x4, Routing::uh2_share());
    // before the first day there is no water on its way
    pr.resize(n + u2.size() - 1);
    std::fill_n(pr.begin(), u2.size() - 1, 0.0);
    if (gradient) {
      days.resize(n);
      work.resize(2 * (n + u2.size()));
    }
  }
};

template <typename Routing, int N1, bool Gradient>
void simulate_days(int n, const double* P, const double* E, const double* theta,
                   const double* stores, run<Routing>& space, double* Q) {
  const int n1 = N1 ? N1 : space.u1.size(), n2 = 2 * n1;
  const double *share1 = space.u1.share.data(), *share2 = space.u2.share.data();
  double* pr = space.pr.data() + n2 - 1;
  day<Routing>* days = space.days.data();
  day<Routing> unused;
  production store(theta, stores);
  Routing outlet(theta, stores);
  for (int t = 0; t < n; ++t) {
    day<Routing>& today = Gradient ? days[t] : unused;
    pr[t] = store.forward<Gradient>(P[t] - E[t], today.store);
    double q9 = 0, q1 = 0;
    for (int j = 0; j < n1; ++j) q9 += share1[j] * pr[t - j];
    for (int j = 0; j < n2; ++j) q1 += share2[j] * pr[t - j];
    Q[t] = outlet.template forward<Gradient>(q9, q1, today.outlet);
  }
}

// Flow of n days, given theta and the stores before the first; with Gradient, `adjoint` may follow.
template <typename Routing, bool Gradient>
void simulate(int n, const double* P, const double* E, const double* theta, const double* stores,
              run<Routing>& space, double* Q) {
  space.prepare(n, theta[3], Gradient);
  with_ordinates(space.u1.size(), [&](auto n1) {
    simulate_days<Routing, decltype(n1)::value, Gradient>(n, P, E, theta, stores, space, Q);
  });
}

template <typename Routing, int N1>
void adjoint_days(int n, const double* P, const double* E, const double* theta,
                  const double* stores, run<Routing>& space, const double* Q_adjoint,
                  double* theta_adjoint, double* stores_adjoint, double* net_adjoint) {
  const int n1 = N1 ? N1 : space.u1.size(), n2 = 2 * n1;
  const double *share1 = space.u1.share.data(), *slope1 = space.u1.slope.data();
  const double *share2 = space.u2.share.data(), *slope2 = space.u2.slope.data();
  const double* pr = space.pr.data() + n2 - 1;
  const day<Routing>* days = space.days.data();
  double *q9_adjoint = space.work.data(), *q1_adjoint = q9_adjoint + n + n2;
  for (int j = 0; j < n2; ++j) q9_adjoint[n + j] = q1_adjoint[n + j] = 0;
  production::adjoint store(theta);
  typename Routing::adjoint outlet(theta);
  double x4 = 0;
  for (int t = n - 1; t >= 0; --t) {
    outlet.backward(days[t].outlet, Q_adjoint[t], q9_adjoint[t], q1_adjoint[t]);
    double pr_adjoint = 0, x4_slope = 0;
    for (int j = 0; j < n1; ++j) {
      pr_adjoint += share1[j] * q9_adjoint[t + j];
      x4_slope += slope1[j] * q9_adjoint[t + j];
    }
    for (int j = 0; j < n2; ++j) {
      pr_adjoint += share2[j] * q1_adjoint[t + j];
      x4_slope += slope2[j] * q1_adjoint[t + j];
    }
    x4 += pr[t] * x4_slope;
    const double net = store.backward(days[t].store, P[t] - E[t], pr[t], pr_adjoint);
    if (net_adjoint) net_adjoint[t] = net;
  }
  std::fill_n(theta_adjoint, int(Routing::parameters), 0.0);
  std::fill_n(stores_adjoint, int(Routing::stores), 0.0);
  store.finish(stores, theta_adjoint, stores_adjoint);
  outlet.finish(stores, theta_adjoint, stores_adjoint);
  theta_adjoint[3] += x4;
}

// Adjoints of theta and stores, given those of the flows, after `simulate` with a gradient; and
// those of the days' net input P - E, for a stage in front, if there is room for them.
template <typename Routing>
void adjoint(int n, const double* P, const double* E, const double* theta, const double* stores,
             run<Routing>& space, const double* Q_adjoint, double* theta_adjoint,
             double* stores_adjoint, double* net_adjoint = nullptr) {
  with_ordinates(space.u1.size(), [&](auto n1) {
    adjoint_days<Routing, decltype(n1)::value>(n, P, E, theta, stores, space, Q_adjoint,
                                               theta_adjoint, stores_adjoint, net_adjoint);
  });
}

}  // namespace gr4j

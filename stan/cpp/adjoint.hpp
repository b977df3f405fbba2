// The binding of the kernel to Stan: gr4j_flow for doubles, and for variables with one node on
// the tape that runs the adjoint.
#include <stan/model/model_header.hpp>

namespace gr4j_model_namespace {

using gr4j_data_t = Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, 1>>;

namespace gr4j_detail {

// A time base that is not a number would become a size.
inline void check_time_base(double x4) {
  if (!(x4 >= 0.5 && x4 <= 1000)) throw std::domain_error("gr4j_flow: x4 must be 0.5 to 1000");
}

template <typename T>
T* arena(std::size_t n) {
  return stan::math::ChainableStack::instance_->memalloc_.alloc_array<T>(n);
}

}  // namespace gr4j_detail

inline Eigen::Matrix<double, Eigen::Dynamic, 1> gr4j_flow(
    const gr4j_data_t& P, const gr4j_data_t& E, const double& x1, const double& x2,
    const double& x3, const double& x4, const double& S0, const double& R0, std::ostream*) {
  gr4j_detail::check_time_base(x4);
  const int T = static_cast<int>(P.size());
  const gr4j::hydrograph uh1 = gr4j::uh1(x4), uh2 = gr4j::uh2(x4);
  std::vector<double> pr(T + uh2.size());
  Eigen::Matrix<double, Eigen::Dynamic, 1> Q(T);
  gr4j::simulate<false>(T, P.data(), E.data(), {x1, x2, x3, x4, S0, R0}, uh1, uh2, pr.data(),
                        nullptr, Q.data());
  return Q;
}

inline Eigen::Matrix<stan::math::var, Eigen::Dynamic, 1> gr4j_flow(
    const gr4j_data_t& P, const gr4j_data_t& E, const stan::math::var& x1,
    const stan::math::var& x2, const stan::math::var& x3, const stan::math::var& x4,
    const stan::math::var& S0, const stan::math::var& R0, std::ostream*) {
  using gr4j_detail::arena;
  using stan::math::vari;
  gr4j_detail::check_time_base(x4.val());
  const int T = static_cast<int>(P.size());
  const gr4j::parameters p{x1.val(), x2.val(), x3.val(), x4.val(), S0.val(), R0.val()};
  const gr4j::hydrograph uh1 = gr4j::uh1(p.x4), uh2 = gr4j::uh2(p.x4);
  double* pr = arena<double>(T + uh2.size());
  std::fill_n(pr, uh2.size() - 1, 0.0);
  gr4j::day* days = arena<gr4j::day>(T);
  // the flows' values now, their adjoints later
  double* flows = arena<double>(T);
  gr4j::simulate<true>(T, P.data(), E.data(), p, uh1, uh2, pr, days, flows);

  vari** nodes = arena<vari*>(T);
  Eigen::Matrix<stan::math::var, Eigen::Dynamic, 1> Q(T);
  for (int t = 0; t < T; ++t) {
    // off the stack of nodes that are visited one by one in the reverse pass
    nodes[t] = new vari(flows[t], false);
    Q.coeffRef(t) = stan::math::var(nodes[t]);
  }
  const double *P_data = P.data(), *E_data = E.data();
  stan::math::reverse_pass_callback([=]() mutable {
    const gr4j::hydrograph h1 = gr4j::uh1(p.x4), h2 = gr4j::uh2(p.x4);
    for (int t = 0; t < T; ++t) flows[t] = nodes[t]->adj_;
    double* work = arena<double>(2 * (T + h2.size()));
    const gr4j::parameters bar =
        gr4j::adjoint(T, P_data, E_data, p, h1, h2, pr, days, flows, work);
    x1.adj() += bar.x1;
    x2.adj() += bar.x2;
    x3.adj() += bar.x3;
    x4.adj() += bar.x4;
    S0.adj() += bar.S0;
    R0.adj() += bar.R0;
  });
  return Q;
}

}  // namespace gr4j_model_namespace

// The binding of the kernel to Stan. The likelihood is one node on the tape, whose gradient is
// known as soon as its value is: flows forward, errors, flows backward.
#include <stan/model/model_header.hpp>

namespace gr4j_model_namespace {

using gr4j_data_t = Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, 1>>;
using gr4j_days_t = std::vector<int>;

namespace gr4j_detail {

// Buffers that live as long as the chain: nothing is allocated for a gradient.
struct workspace {
  std::vector<double> Q, Q_adjoint, pr, work;
  std::vector<gr4j::day> days;
};

inline workspace& buffers() {
  static thread_local workspace space;
  return space;
}

// A time base that is not a number would become a size.
inline void check_time_base(double x4) {
  if (!(x4 >= 0.5 && x4 <= 1000)) throw std::domain_error("gr4j: x4 must be from 0.5 to 1000 d");
}

inline double check_finite(double log_density) {
  if (!std::isfinite(log_density)) throw std::domain_error("gr4j: a flow is not finite");
  return log_density;
}

// Log density of the observations; with Gradient, also its derivatives with respect to the
// parameters and to the numbers of the error model.
template <bool Gradient>
double log_likelihood(const gr4j_data_t& observed, const gr4j_days_t& obs_day,
                      const std::vector<double>& errors, const gr4j_data_t& P,
                      const gr4j_data_t& E, const gr4j::parameters& p, gr4j::parameters* adjoint,
                      double* errors_adjoint) {
  check_time_base(p.x4);
  const int T = static_cast<int>(P.size());
  const gr4j::hydrograph uh1 = gr4j::uh1(p.x4), uh2 = gr4j::uh2(p.x4);
  workspace& space = buffers();
  space.Q.resize(T);
  space.Q_adjoint.assign(T, 0);
  space.pr.resize(T + uh2.size());
  std::fill_n(space.pr.begin(), uh2.size() - 1, 0.0);
  if (Gradient) {
    space.days.resize(T);
    space.work.resize(2 * (T + uh2.size()));
  }
  gr4j::simulate<Gradient>(T, P.data(), E.data(), p, uh1, uh2, space.pr.data(), space.days.data(),
                           space.Q.data());
  const double value = check_finite(
      gr4j::log_likelihood(static_cast<int>(obs_day.size()), obs_day.data(), observed.data(),
                           space.Q.data(), errors.data(), space.Q_adjoint.data(), errors_adjoint));
  if (Gradient)
    *adjoint = gr4j::adjoint(T, P.data(), E.data(), p, uh1, uh2, space.pr.data(),
                             space.days.data(), space.Q_adjoint.data(), space.work.data());
  return value;
}

}  // namespace gr4j_detail

// Without a gradient. `errors` are the numbers that the error model's log_likelihood names.
inline double gr4j_log_likelihood(const gr4j_data_t& observed, const gr4j_days_t& obs_day,
                                  const Eigen::Matrix<double, Eigen::Dynamic, 1>& errors,
                                  const gr4j_data_t& P, const gr4j_data_t& E, const double& x1,
                                  const double& x2, const double& x3, const double& x4,
                                  const double& S0, const double& R0, std::ostream*) {
  const std::vector<double> values(errors.data(), errors.data() + errors.size());
  std::vector<double> unused(values.size());
  return gr4j_detail::log_likelihood<false>(observed, obs_day, values, P, E,
                                            {x1, x2, x3, x4, S0, R0}, nullptr, unused.data());
}

// As a node on the tape. A number that is known is a constant on it.
inline stan::math::var gr4j_log_likelihood(
    const gr4j_data_t& observed, const gr4j_days_t& obs_day,
    const Eigen::Matrix<stan::math::var, Eigen::Dynamic, 1>& errors, const gr4j_data_t& P,
    const gr4j_data_t& E, const stan::math::var& x1, const stan::math::var& x2,
    const stan::math::var& x3, const stan::math::var& x4, const stan::math::var& S0,
    const stan::math::var& R0, std::ostream*) {
  std::vector<double> values;
  for (Eigen::Index i = 0; i < errors.size(); ++i) values.push_back(errors[i].val());
  std::vector<double> errors_adjoint(values.size());
  gr4j::parameters adjoint;
  const double value = gr4j_detail::log_likelihood<true>(
      observed, obs_day, values, P, E,
      {x1.val(), x2.val(), x3.val(), x4.val(), S0.val(), R0.val()}, &adjoint,
      errors_adjoint.data());
  std::vector<stan::math::var> operands{x1, x2, x3, x4, S0, R0};
  operands.insert(operands.end(), errors.data(), errors.data() + errors.size());
  std::vector<double> gradient{adjoint.x1, adjoint.x2, adjoint.x3,
                               adjoint.x4, adjoint.S0, adjoint.R0};
  gradient.insert(gradient.end(), errors_adjoint.begin(), errors_adjoint.end());
  return stan::math::precomputed_gradients(value, operands, gradient);
}

}  // namespace gr4j_model_namespace

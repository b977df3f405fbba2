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

// Log density of the observations by `errors(Q, Q_adjoint)`; with Gradient, also its derivatives
// with respect to the parameters.
template <bool Gradient, typename Errors>
double log_density(const gr4j_data_t& P, const gr4j_data_t& E, const gr4j::parameters& p,
                   gr4j::parameters* adjoint, const Errors& errors) {
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
  const double value = check_finite(errors(space.Q.data(), space.Q_adjoint.data()));
  if (Gradient)
    *adjoint = gr4j::adjoint(T, P.data(), E.data(), p, uh1, uh2, space.pr.data(),
                             space.days.data(), space.Q_adjoint.data(), space.work.data());
  return value;
}

// The same as a node on the tape. `extra` are variables of the error model, `extra_adjoint` their
// derivatives once `errors` has run.
template <typename Errors>
stan::math::var log_density_node(const gr4j_data_t& P, const gr4j_data_t& E,
                                 std::vector<stan::math::var> operands, const Errors& errors,
                                 const std::vector<stan::math::var>& extra,
                                 const std::vector<double>& extra_adjoint) {
  gr4j::parameters adjoint;
  const double value = log_density<true>(
      P, E,
      {operands[0].val(), operands[1].val(), operands[2].val(), operands[3].val(),
       operands[4].val(), operands[5].val()},
      &adjoint, errors);
  std::vector<double> gradient{adjoint.x1, adjoint.x2, adjoint.x3,
                               adjoint.x4, adjoint.S0, adjoint.R0};
  operands.insert(operands.end(), extra.begin(), extra.end());
  gradient.insert(gradient.end(), extra_adjoint.begin(), extra_adjoint.end());
  return stan::math::precomputed_gradients(value, operands, gradient);
}

// The errors of gaussian.hpp, as a function of the flows.
inline auto gaussian_errors(const gr4j_data_t& Q_obs, const gr4j_days_t& obs_day, double sigma,
                            double& sigma_adjoint) {
  return [&Q_obs, &obs_day, sigma, &sigma_adjoint](const double* Q, double* Q_adjoint) {
    return gr4j::gaussian(static_cast<int>(obs_day.size()), obs_day.data(), Q_obs.data(), Q,
                          sigma, Q_adjoint, sigma_adjoint);
  };
}

}  // namespace gr4j_detail

// Log density of the observations under Gaussian errors: without a gradient, with sigma known, and
// with sigma a parameter.
inline double gr4j_gaussian(const gr4j_data_t& Q_obs, const gr4j_days_t& obs_day,
                            const double& sigma, const gr4j_data_t& P, const gr4j_data_t& E,
                            const double& x1, const double& x2, const double& x3,
                            const double& x4, const double& S0, const double& R0,
                            std::ostream*) {
  double sigma_adjoint;
  return gr4j_detail::log_density<false>(
      P, E, {x1, x2, x3, x4, S0, R0}, nullptr,
      gr4j_detail::gaussian_errors(Q_obs, obs_day, sigma, sigma_adjoint));
}

inline stan::math::var gr4j_gaussian(const gr4j_data_t& Q_obs, const gr4j_days_t& obs_day,
                                     const double& sigma, const gr4j_data_t& P,
                                     const gr4j_data_t& E, const stan::math::var& x1,
                                     const stan::math::var& x2, const stan::math::var& x3,
                                     const stan::math::var& x4, const stan::math::var& S0,
                                     const stan::math::var& R0, std::ostream*) {
  double sigma_adjoint;
  return gr4j_detail::log_density_node(
      P, E, {x1, x2, x3, x4, S0, R0},
      gr4j_detail::gaussian_errors(Q_obs, obs_day, sigma, sigma_adjoint), {}, {});
}

inline stan::math::var gr4j_gaussian(const gr4j_data_t& Q_obs, const gr4j_days_t& obs_day,
                                     const stan::math::var& sigma, const gr4j_data_t& P,
                                     const gr4j_data_t& E, const stan::math::var& x1,
                                     const stan::math::var& x2, const stan::math::var& x3,
                                     const stan::math::var& x4, const stan::math::var& S0,
                                     const stan::math::var& R0, std::ostream*) {
  std::vector<double> sigma_adjoint(1);
  return gr4j_detail::log_density_node(
      P, E, {x1, x2, x3, x4, S0, R0},
      gr4j_detail::gaussian_errors(Q_obs, obs_day, sigma.val(), sigma_adjoint[0]), {sigma},
      sigma_adjoint);
}

}  // namespace gr4j_model_namespace

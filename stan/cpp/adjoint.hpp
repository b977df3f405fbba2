// The binding to Stan, for the structure STRUCTURE. The likelihood is one node on the tape, whose
// gradient is known as soon as its value is: flows forward, errors, flows backward.
#include <stan/model/model_header.hpp>

namespace gr4j_model_namespace {

using gr4j_data_t = Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, 1>>;
using gr4j_days_t = std::vector<int>;
using gr4j_numbers_t = Eigen::Matrix<double, Eigen::Dynamic, 1>;
using gr4j_vars_t = Eigen::Matrix<stan::math::var, Eigen::Dynamic, 1>;

namespace gr4j_detail {

using routing = gr4j::routing_STRUCTURE;

// Buffers that live as long as the chain: nothing is allocated for the days of a gradient.
struct workspace {
  std::vector<double> Q, Q_adjoint;
  gr4j::run<routing> space;
};

inline workspace& buffers() {
  static thread_local workspace space;
  return space;
}

inline void check_size(const char* name, Eigen::Index size, int needed) {
  if (size == needed) return;
  std::stringstream message;
  message << "STRUCTURE_log_likelihood: " << name << " must have " << needed << " elements, not "
          << size;
  throw std::invalid_argument(message.str());
}

// A time base that is not a number would become a size.
inline void check_time_base(double x4) {
  if (!(x4 >= 0.5 && x4 <= 1000)) throw std::domain_error("gr4j: x4 must be from 0.5 to 1000 d");
}

inline double check_finite(double log_density) {
  if (!std::isfinite(log_density)) throw std::domain_error("gr4j: a flow is not finite");
  return log_density;
}

// Log density of the observations; with Gradient, also its derivatives with respect to theta,
// stores and errors, one after the other.
template <bool Gradient>
double log_likelihood(const gr4j_data_t& observed, const gr4j_days_t& obs_day,
                      const gr4j_numbers_t& errors, const gr4j_data_t& P, const gr4j_data_t& E,
                      const gr4j_numbers_t& theta, const gr4j_numbers_t& stores, double* gradient) {
  check_size("theta", theta.size(), routing::parameters);
  check_size("stores", stores.size(), routing::stores);
  check_time_base(theta[3]);
  const int T = static_cast<int>(P.size());
  workspace& buffer = buffers();
  buffer.Q.resize(T);
  buffer.Q_adjoint.assign(T, 0);
  gr4j::simulate<routing, Gradient>(T, P.data(), E.data(), theta.data(), stores.data(),
                                    buffer.space, buffer.Q.data());
  const double value = check_finite(gr4j::log_likelihood(
      static_cast<int>(obs_day.size()), obs_day.data(), observed.data(), buffer.Q.data(),
      errors.data(), buffer.Q_adjoint.data(), gradient + routing::parameters + routing::stores));
  if (Gradient)
    gr4j::adjoint(T, P.data(), E.data(), theta.data(), stores.data(), buffer.space,
                  buffer.Q_adjoint.data(), gradient, gradient + routing::parameters);
  return value;
}

}  // namespace gr4j_detail

// Without a gradient. `errors` are the numbers that the error model's log_likelihood names.
inline double STRUCTURE_log_likelihood(const gr4j_data_t& observed, const gr4j_days_t& obs_day,
                                       const gr4j_numbers_t& errors, const gr4j_data_t& P,
                                       const gr4j_data_t& E, const gr4j_numbers_t& theta,
                                       const gr4j_numbers_t& stores, std::ostream*) {
  std::vector<double> unused(theta.size() + stores.size() + errors.size());
  return gr4j_detail::log_likelihood<false>(observed, obs_day, errors, P, E, theta, stores,
                                            unused.data());
}

// As a node on the tape. A number that is known is a constant on it.
inline stan::math::var STRUCTURE_log_likelihood(const gr4j_data_t& observed,
                                                const gr4j_days_t& obs_day,
                                                const gr4j_vars_t& errors, const gr4j_data_t& P,
                                                const gr4j_data_t& E, const gr4j_vars_t& theta,
                                                const gr4j_vars_t& stores, std::ostream*) {
  std::vector<stan::math::var> operands;
  for (const gr4j_vars_t* part : {&theta, &stores, &errors})
    operands.insert(operands.end(), part->data(), part->data() + part->size());
  std::vector<double> gradient(operands.size());
  const double value = gr4j_detail::log_likelihood<true>(
      observed, obs_day, errors.val(), P, E, theta.val(), stores.val(), gradient.data());
  return stan::math::precomputed_gradients(value, operands, gradient);
}

}  // namespace gr4j_model_namespace

// The C++ of linear.stan.j2: independent Gaussian errors with standard deviation
// sigma + sigma_slope Q.
#include <cmath>

namespace gr4j {

// Log density of the observations y on n days, and its derivatives. Q_adjoint, zero on entry, gets
// those with respect to the flows; days count from 1. errors: sigma, sigma_slope.
inline double log_likelihood(int n, const int* day, const double* y, const double* Q,
                             const double* errors, double* Q_adjoint, double* errors_adjoint) {
  const double sigma = errors[0], slope = errors[1];
  double squares = 0, logs = 0, d_sigma = 0, d_slope = 0;
  for (int i = 0; i < n; ++i) {
    const double flow = Q[day[i] - 1], sd = sigma + slope * flow, inverse = 1 / sd;
    const double score = (y[i] - flow) * inverse;
    const double d_sd = (score * score - 1) * inverse;
    squares += score * score;
    logs += std::log(sd);
    d_sigma += d_sd;
    d_slope += d_sd * flow;
    Q_adjoint[day[i] - 1] = score * inverse + slope * d_sd;
  }
  errors_adjoint[0] = d_sigma;
  errors_adjoint[1] = d_slope;
  return -0.5 * squares - logs - n * 0.91893853320467274178;
}

}  // namespace gr4j

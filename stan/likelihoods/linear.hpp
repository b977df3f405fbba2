// The C++ of linear.stan.j2: independent Gaussian errors with standard deviation
// sigma + sigma_slope Q.
#include <cmath>

namespace gr4j {

// Log density of the observations y on n days, and its derivatives. A censored day has -infinity
// for y. Q_adjoint, zero on entry, gets those with respect to the flows; days count from 1. errors:
// sigma, sigma_slope, and the constant limit.
inline double log_likelihood(int n, const int* day, const double* y, const double* Q,
                             const double* errors, double* Q_adjoint, double* errors_adjoint) {
  const double sigma = errors[0], slope = errors[1], limit = errors[2];
  double squares = 0, logs = 0, censored = 0, d_sigma = 0, d_slope = 0;
  int n_flowing = 0;
  for (int i = 0; i < n; ++i) {
    const double flow = Q[day[i] - 1], sd = sigma + slope * flow, inverse = 1 / sd;
    double d_flow, d_sd;  // with the standard deviation held, and by it
    if (std::isinf(y[i])) {
      double d_u;
      const double u = (limit - flow) * inverse;
      censored += log_normal_cdf(u, d_u);
      d_flow = -d_u * inverse;
      d_sd = -d_u * u * inverse;
    } else {
      const double score = (y[i] - flow) * inverse;
      squares += score * score;
      logs += std::log(sd);
      ++n_flowing;
      d_flow = score * inverse;
      d_sd = (score * score - 1) * inverse;
    }
    d_sigma += d_sd;
    d_slope += d_sd * flow;
    Q_adjoint[day[i] - 1] = d_flow + slope * d_sd;
  }
  errors_adjoint[0] = d_sigma;
  errors_adjoint[1] = d_slope;
  errors_adjoint[2] = 0;
  return -0.5 * squares - logs - n_flowing * 0.91893853320467274178 + censored;
}

}  // namespace gr4j

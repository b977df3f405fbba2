// Unit hydrographs:  q_t = sum_j u_j pr_(t-j), with the ordinates u of an S-curve's differences.
#include <cmath>
#include <type_traits>
#include <vector>

namespace gr4j {

// Ordinates of a unit hydrograph and their derivatives with respect to x4: differences of an
// S-curve at days 1, 2, ..., n, on the last of which it has reached 1.
struct hydrograph {
  std::vector<double> share, slope;

  template <typename Curve>
  hydrograph(int n, double scale, const Curve& curve) : share(n), slope(n) {
    double value_before = 0, slope_before = 0;
    for (int j = 0; j < n; ++j) {
      double value = 1, d_x4 = 0;
      if (j + 1 < n) curve(j + 1.0, value, d_x4);
      share[j] = scale * (value - value_before);
      slope[j] = scale * (d_x4 - slope_before);
      value_before = value;
      slope_before = d_x4;
    }
  }

  int size() const { return static_cast<int>(share.size()); }
};

// S-curve (t / x4)^2.5, of a share of the water.
inline hydrograph uh1(double x4, double scale) {
  return {static_cast<int>(std::ceil(x4)), scale, [x4](double day, double& value, double& d_x4) {
            double age = day / x4;
            value = age * age * std::sqrt(age);
            d_x4 = -2.5 * value / x4;
          }};
}

// S-curve 0.5 (t / x4)^2.5 up to x4, then 1 - 0.5 (2 - t / x4)^2.5 up to 2 x4, of a share of
// the water. It has twice the ordinates of UH1, the last of which may be 0.
inline hydrograph uh2(double x4, double scale) {
  return {2 * static_cast<int>(std::ceil(x4)), scale,
          [x4](double day, double& value, double& d_x4) {
            double age = day / x4;
            if (age < 1) {
              value = 0.5 * age * age * std::sqrt(age);
              d_x4 = -2.5 * value / x4;
            } else if (age < 2) {
              double rest = 2 - age, power = rest * std::sqrt(rest);
              value = 1 - 0.5 * rest * power;
              d_x4 = -1.25 * power * age / x4;
            }
          }};
}

// Calls work with the number of ordinates of UH1 as a constant, where it is usual, so that the
// sums over ordinates are unrolled; otherwise with 0.
template <typename Work>
void with_ordinates(int n, const Work& work) {
  switch (n) {
    case 1: return work(std::integral_constant<int, 1>());
    case 2: return work(std::integral_constant<int, 2>());
    case 3: return work(std::integral_constant<int, 3>());
    case 4: return work(std::integral_constant<int, 4>());
    default: return work(std::integral_constant<int, 0>());
  }
}

}  // namespace gr4j

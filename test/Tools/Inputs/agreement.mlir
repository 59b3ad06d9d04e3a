// Lists per head and per group for given amplitudes, and the overlaps of the heads, recorded.
func.func @main(%a: tensor<2x6x5x9xf32>) -> (tensor<2x6x5x3xf32>, tensor<2x6x5xf32>, tensor<2x2x5xf32>) {
  %i = tensor.empty() : tensor<2x6x5x9xi32>
  %c = tensor.empty() : tensor<2x6x5xi32>
  %f = tensor.empty() : tensor<2x6x5xf32>
  %is = tensor.empty() : tensor<2x2x5x9xi32>
  %cs = tensor.empty() : tensor<2x2x5xi32>
  %fs = tensor.empty() : tensor<2x2x5xf32>
  %o = tensor.empty() : tensor<2x6x5x3xf32>
  %own:4 = qsat.amplified_select ins(%a : tensor<2x6x5x9xf32>)
    outs(%i, %c, %f, %f : tensor<2x6x5x9xi32>, tensor<2x6x5xi32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
    {theta = 0.15 : f64, no_diagonal} -> tensor<2x6x5x9xi32>, tensor<2x6x5xi32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>
  %shared:4 = qsat.amplified_select ins(%a : tensor<2x6x5x9xf32>)
    outs(%is, %cs, %fs, %fs : tensor<2x2x5x9xi32>, tensor<2x2x5xi32>, tensor<2x2x5xf32>, tensor<2x2x5xf32>)
    {theta = 0.15 : f64, no_diagonal, entangle, record} -> tensor<2x2x5x9xi32>, tensor<2x2x5xi32>, tensor<2x2x5xf32>, tensor<2x2x5xf32>
  %rho = qsat.overlap ins(%a : tensor<2x6x5x9xf32>) outs(%o : tensor<2x6x5x3xf32>) {record} -> tensor<2x6x5x3xf32>
  return %rho, %own#2, %shared#2 : tensor<2x6x5x3xf32>, tensor<2x6x5xf32>, tensor<2x2x5xf32>
}

export interface Shape {
  size: number
}

export const twice = <T extends Shape>(shape: T): Shape => ({ size: shape.size * 2 })
